// What a decoder would try that somebody else has taken over: for tests of what locks it in. Raw system calls, since such a decoder does
// not ask the C library either.

#define _GNU_SOURCE
#include "CSystem.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long open_file(void) { return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0); }
static long read_environment(void) { return syscall(SYS_openat, AT_FDCWD, "/proc/self/environ", O_RDONLY, 0); }
static long make_file(void) { return syscall(SYS_openat, AT_FDCWD, "/tmp/escaped", O_WRONLY | O_CREAT, 0600); }
static long connect_out(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  long s = syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
  return s < 0 ? s : syscall(SYS_connect, s, &address, sizeof address);
}
static long connect_own(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return syscall(SYS_connect, 0, &address, sizeof address);
}
static long run_program(void) {
  char *const words[] = {"/bin/true", NULL};
  return syscall(SYS_execve, words[0], words, words + 1);
}
static long make_process(void) { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }
static long trace_parent(void) { return syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0); }
static long trace_itself(void) { return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); }
static long kill_group(void) { return syscall(SYS_kill, 0, SIGTERM); }
static long kill_other(void) { return syscall(SYS_tgkill, 1, 1, SIGTERM); }
static long map_executable(void) { return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
static long make_executable(void) {
  void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
}
static long use_ring(void) {
  unsigned char parameters[120] = {0};
  return syscall(SYS_io_uring_setup, 1, parameters);
}
static long raise_limit(void) {
  uint64_t limit[2] = {UINT64_MAX, UINT64_MAX};
  return syscall(SYS_prlimit64, 0, 9, limit, NULL);
}
static long look_at_path(void) {
  char facts[256];
  return syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", facts, 0);
}

// What is no escape, and must end as it always did or go on.
static long abort_itself(void) { abort(); }
static long free_twice(void) {
  void *volatile block = malloc(3000);
  free(block);
  free(block);
  return -1;
}
static long overrun_stack(void) {
  // What a compiler's stack protector calls when it finds a frame damaged.
  extern void __stack_chk_fail(void) __attribute__((noreturn));
  __stack_chk_fail();
}
static long read_nothing(void) { return *(volatile int *)(uintptr_t)8; }
static void *nothing(void *argument) { return argument; }
static long make_thread(void) {
  pthread_t thread;
  return pthread_create(&thread, NULL, nothing, NULL) ? -1 : 0;
}
static long tell_time(void) {
  time_t now = time(NULL);
  struct tm parts;
  tzset();
  return localtime_r(&now, &parts) && gmtime_r(&now, &parts) && mktime(&parts) > 0 ? 0 : -1;
}
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static long sort_much(void) {
  enum { count = 100000 };
  int *numbers = calloc(count, sizeof *numbers);
  for (int i = 0; i < count; i++) numbers[i] = (i * 7919) % count;
  qsort(numbers, count, sizeof *numbers, compare);
  free(numbers);
  return 0;
}
static long print_something(void) {
  printf("a library that prints\n");
  return fflush(stdout);
}

static const struct {
  const char *name;
  long (*run)(void);
} attempts[] = {
    {"open", open_file},           {"environment", read_environment}, {"create", make_file},
    {"connect", connect_out},      {"connect-own", connect_own},      {"execute", run_program},
    {"fork", make_process},        {"trace", trace_parent},           {"trace-me", trace_itself},
    {"kill-group", kill_group},    {"kill-other", kill_other},        {"map-executable", map_executable},
    {"make-executable", make_executable},                             {"ring", use_ring},
    {"raise-limit", raise_limit},  {"stat", look_at_path},            {"abort", abort_itself},
    {"free-twice", free_twice},    {"overrun", overrun_stack},        {"null", read_nothing},
    {"thread", make_thread},       {"time", tell_time},               {"sort", sort_much},
    {"print", print_something},
};

int system_attempt(const char *name) {
  for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
    if (!strcmp(attempts[i].name, name)) return attempts[i].run() < 0 ? 0 : 1;
  return -1;
}
