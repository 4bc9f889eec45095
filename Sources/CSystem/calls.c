// The system calls that a decode worker may make once it is locked in, and why. Every other ends the process with SIGSYS.
//
// A worker is handed its files open. What is left to it is arithmetic: bytes in, memory, bytes out.

#define _GNU_SOURCE
#include "CSystem.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_MACHINE AUDIT_ARCH_AARCH64
#endif

// What becomes of a call, by one of its arguments where it says so.
enum answer {
  ALLOW,
  NOT_EXECUTABLE,  // allowed where the third argument, the protection, is without PROT_EXEC
  ORDINARY_ADVICE, // allowed where the third argument is one of the advices for everybody: those from 100 on harm the machine
  ON_ITSELF,       // allowed where the first argument is this process
  READING,         // allowed where the third argument, what would be set, is NULL
  NO_THREAD,       // a thread: ENOSYS; a process: SIGSYS
  ABSENT,          // ENOSYS, as on a kernel that has it not: the C library takes the older call
  OF_OPEN_FILE,    // EACCES where no path is meant; else SIGSYS
};

static const struct {
  int number;
  enum answer answer;
} calls[] = {
    {SYS_pread64, ALLOW},          // the clip's bytes
    {SYS_write, ALLOW},            // replies, into the pipe
    {SYS_recvmsg, ALLOW},          // requests, and the open file that comes with each
    {SYS_lseek, ALLOW},            // where a library asks for the length of what it reads
    {SYS_fstat, ALLOW},            // what kind of file came, and how long it is
    {SYS_close, ALLOW},            // the clip when it is done
    {SYS_read, ALLOW},             // from what is open already: no more than pread
    {SYS_readv, ALLOW},            // the same
    {SYS_writev, ALLOW},           // the C library's last words when it finds its heap damaged
#ifdef SYS_poll
    {SYS_poll, ALLOW},             // the watcher's wait for the supervisor's end
#endif
    {SYS_ppoll, ALLOW},            // the same where there is no poll
    {SYS_mmap, NOT_EXECUTABLE},    // memory
    {SYS_mprotect, NOT_EXECUTABLE},// memory: the allocator's reserves
    {SYS_munmap, ALLOW},           // memory, given back
    {SYS_mremap, ALLOW},           // memory: realloc; what it may be used for stays as it was
    {SYS_madvise, ORDINARY_ADVICE},// memory, given back without its addresses
    {SYS_brk, ALLOW},              // memory: malloc's heap
    {SYS_futex, ALLOW},            // locks between the two threads
    {SYS_rt_sigaction, ALLOW},     // abort() makes SIGABRT deadly first
    {SYS_rt_sigprocmask, ALLOW},   // abort() lets SIGABRT through
    {SYS_rt_sigreturn, ALLOW},     // the end of a signal's handler
    {SYS_sigaltstack, ALLOW},      // a stack for such a handler
    {SYS_restart_syscall, ALLOW},  // the kernel's own, after a stop and a SIGCONT
    {SYS_getpid, ALLOW},           // abort() asks whom to signal
    {SYS_gettid, ALLOW},           // the same
    {SYS_tgkill, ON_ITSELF},       // abort() signals its own thread
    {SYS_clock_gettime, ALLOW},    // the time, where the kernel gives it by a call alone
    {SYS_clock_getres, ALLOW},     // the same
    {SYS_gettimeofday, ALLOW},     // the same
#ifdef SYS_time
    {SYS_time, ALLOW},             // the same
#endif
    {SYS_nanosleep, ALLOW},        // a library that waits a little
    {SYS_clock_nanosleep, ALLOW},  // the same
    {SYS_getrandom, ALLOW},        // the seed of hash tables
    {SYS_sched_getaffinity, ALLOW},// how many processors there are, which decoders ask
    {SYS_sched_yield, ALLOW},      // a lock that spins
    {SYS_sysinfo, ALLOW},          // qsort asks how much memory there is before it takes some
    {SYS_prlimit64, READING},      // limits are read; they were set before
#ifdef SYS_getrlimit
    {SYS_getrlimit, ALLOW},        // the same
#endif
    {SYS_exit, ALLOW},             // the end of a thread
    {SYS_exit_group, ALLOW},       // the end of the process
    {SYS_clone3, ABSENT},          // its arguments lie in memory, where a filter cannot look: clone is tried next
    {SYS_clone, NO_THREAD},        // a library that wants a thread is told that there are none, and decodes with one
    {SYS_newfstatat, OF_OPEN_FILE},// how the C library asks about an open file; its buffers do without the answer
};
enum { call_count = sizeof calls / sizeof *calls, most_instructions = 16 + 8 * call_count };

struct program {
  struct sock_filter at[most_instructions];
  unsigned short count;
};

static void add(struct program *p, struct sock_filter instruction) { p->at[p->count++] = instruction; }
static void load(struct program *p, size_t offset) { add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset)); }
static void answer(struct program *p, unsigned value) { add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value)); }
// Goes `yes` or `no` instructions on, by a comparison of what was loaded.
static void branch(struct program *p, unsigned short comparison, unsigned value, unsigned char yes, unsigned char no) {
  add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, value, yes, no));
}
// The lower half of an argument; both machines are little-endian.
static size_t argument(int index) { return offsetof(struct seccomp_data, args) + 8 * (size_t)index; }

enum { NUMBER = offsetof(struct seccomp_data, nr) };

static void add_rule(struct program *p, int number, enum answer kind) {
  const unsigned kill = SECCOMP_RET_KILL_PROCESS;
  struct program body = {.count = 0};
  switch (kind) {
  case ALLOW: break;
  case NOT_EXECUTABLE:
    load(&body, argument(2));
    branch(&body, BPF_JSET, PROT_EXEC, 0, 1);
    answer(&body, kill);
    break;
  case ORDINARY_ADVICE:
    load(&body, argument(2));
    branch(&body, BPF_JGE, 100, 0, 1);
    answer(&body, kill);
    break;
  case ON_ITSELF:
    load(&body, argument(0));
    branch(&body, BPF_JEQ, (unsigned)getpid(), 1, 0);
    answer(&body, kill);
    break;
  case READING:
    load(&body, argument(2));
    branch(&body, BPF_JEQ, 0, 0, 2);
    load(&body, argument(2) + 4);
    branch(&body, BPF_JEQ, 0, 1, 0);
    answer(&body, kill);
    break;
  case NO_THREAD:
    load(&body, argument(0));
    branch(&body, BPF_JSET, CLONE_THREAD, 0, 1);
    answer(&body, SECCOMP_RET_ERRNO | ENOSYS);
    answer(&body, kill);
    break;
  case ABSENT: answer(&body, SECCOMP_RET_ERRNO | ENOSYS); break;
  case OF_OPEN_FILE:
    load(&body, argument(3));
    branch(&body, BPF_JSET, AT_EMPTY_PATH, 0, 1);
    answer(&body, SECCOMP_RET_ERRNO | EACCES);
    answer(&body, kill);
    break;
  }
  if (kind != NO_THREAD && kind != ABSENT && kind != OF_OPEN_FILE) answer(&body, SECCOMP_RET_ALLOW);
  branch(p, BPF_JEQ, (unsigned)number, 0, (unsigned char)body.count);
  for (int i = 0; i < body.count; i++) add(p, body.at[i]);
}

int system_filter_is_offered(void) {
#ifdef THIS_MACHINE
  unsigned action = SECCOMP_RET_KILL_PROCESS;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
#else
  return 0;
#endif
}

int system_filter_calls(void) {
#ifdef THIS_MACHINE
  static struct program p;
  p.count = 0;
  // Another machine's numbers mean other calls.
  load(&p, offsetof(struct seccomp_data, arch));
  branch(&p, BPF_JEQ, THIS_MACHINE, 1, 0);
  answer(&p, SECCOMP_RET_KILL_PROCESS);
  load(&p, NUMBER);
  for (int i = 0; i < call_count; i++) add_rule(&p, calls[i].number, calls[i].answer);
  answer(&p, SECCOMP_RET_KILL_PROCESS);
  struct sock_fprog program = {p.count, p.at};
  // All threads at once: those that were there before would go on without it.
  long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  if (result > 0) errno = EBUSY;
  return result == 0 ? 0 : -1;
#else
  errno = ENOSYS;
  return -1;
#endif
}
