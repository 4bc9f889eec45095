// LD_PRELOAD for Scripts/bench/kill-prepare: counts the calls by which a process changes files and folders below a folder, and makes
// the N-th of them fail. Decode workers are left alone; they can be made to note each file that they open.
//
// FAULT_UNDER=FOLDER       whose files count
// FAULT_AT=N               the N-th call fails; 0 or nothing: none does
// FAULT_ERRNO=NUMBER       how
// FAULT_STICKY=1           and so does every call after it, as on a disk that stays full
// FAULT_COUNT=FILE         where the number of calls goes at the end
// FAULT_OPENS=FILE         where a worker appends `<its parent's pid> <path>` for each file it opens below FAULT_OPENS_UNDER
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static long fault_at;
static int fault_errno, sticky, is_worker;
static const char *under, *count_file, *opens_file, *opens_under;

__attribute__((constructor)) static void begin(void) {
  char line[4096] = {0};
  int file = syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  long size = file < 0 ? 0 : syscall(SYS_read, file, line, sizeof line - 1);
  if (file >= 0) syscall(SYS_close, file);
  for (long i = 0; i < size; i++) if (!line[i]) line[i] = ' ';
  is_worker = strstr(line, "__decode-worker") != NULL;
  under = getenv("FAULT_UNDER");
  fault_at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
  fault_errno = getenv("FAULT_ERRNO") ? atoi(getenv("FAULT_ERRNO")) : ENOSPC;
  sticky = getenv("FAULT_STICKY") != NULL;
  count_file = getenv("FAULT_COUNT");
  opens_file = getenv("FAULT_OPENS");
  opens_under = getenv("FAULT_OPENS_UNDER");
}

static void append(const char *path, const char *text) {
  int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  syscall(SYS_write, file, text, strlen(text));
  syscall(SYS_close, file);
}

__attribute__((destructor)) static void end(void) {
  if (!count_file || is_worker || !under) return;
  char text[32];
  snprintf(text, sizeof text, "%ld\n", (long)calls);
  append(count_file, text);
}

// Whether this call is the one that fails.
static int fails(int descriptor) {
  if (is_worker || !under) return 0;
  struct stat status;
  if (fstat(descriptor, &status) || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  if (strncmp(path, under, strlen(under))) return 0;
  long number = ++calls;
  if (!fault_at || number < fault_at || (number > fault_at && !sticky)) return 0;
  errno = fault_errno;
  return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAILING(type, name, parameters, arguments)                                                                                    \
  type name parameters {                                                                                                              \
    static __typeof__(&name) next;                                                                                                    \
    if (!next) next = NEXT(name);                                                                                                     \
    return fails(descriptor) ? -1 : next arguments;                                                                                   \
  }

FAILING(ssize_t, write, (int descriptor, const void *bytes, size_t count), (descriptor, bytes, count))
FAILING(ssize_t, pwrite, (int descriptor, const void *bytes, size_t count, off_t at), (descriptor, bytes, count, at))
FAILING(ssize_t, pwrite64, (int descriptor, const void *bytes, size_t count, off64_t at), (descriptor, bytes, count, at))
FAILING(ssize_t, writev, (int descriptor, const struct iovec *pieces, int count), (descriptor, pieces, count))
FAILING(int, fsync, (int descriptor), (descriptor))
FAILING(int, fdatasync, (int descriptor), (descriptor))
FAILING(int, ftruncate, (int descriptor, off_t size), (descriptor, size))
FAILING(int, ftruncate64, (int descriptor, off64_t size), (descriptor, size))

static void note(const char *path) {
  if (!is_worker || !opens_file || !opens_under || strncmp(path, opens_under, strlen(opens_under))) return;
  char text[PATH_MAX + 32];
  snprintf(text, sizeof text, "%d %s\n", getppid(), path);
  append(opens_file, text);
}

#define OPENING(name)                                                                                                                 \
  int name(const char *path, int flags, ...) {                                                                                        \
    static __typeof__(&name) next;                                                                                                    \
    if (!next) next = NEXT(name);                                                                                                     \
    va_list more;                                                                                                                     \
    va_start(more, flags);                                                                                                            \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;                                                           \
    va_end(more);                                                                                                                     \
    note(path);                                                                                                                       \
    return next(path, flags, mode);                                                                                                   \
  }

OPENING(open)
OPENING(open64)
