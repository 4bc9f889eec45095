#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include "CSystem.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xxhash.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

extern char **environ;

// Looking the algorithm up takes longer than hashing a few hundred bytes, so it is done once.
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static void find_sha256(void) { sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); }

void *system_sha256_begin(void) {
  pthread_once(&sha256_once, find_sha256);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (context && EVP_DigestInit_ex(context, sha256, NULL) != 1) {
    EVP_MD_CTX_free(context);
    return NULL;
  }
  return context;
}
void system_sha256_update(void *context, const void *bytes, size_t count) { EVP_DigestUpdate(context, bytes, count); }
void system_sha256_end(void *context, void *digest) {
  unsigned int count = 32;
  EVP_DigestFinal_ex(context, digest, &count);
  EVP_MD_CTX_free(context);
}

// The low-level functions take no context from the heap and look nothing up: half the time for a few hundred bytes.
void system_sha256(const void *bytes, size_t count, void *digest) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes, count);
  SHA256_Final(digest, &context);
}

void system_return_freed_memory(void) { malloc_trim(0); }

uint64_t system_xxh3(const void *bytes, size_t count) { return XXH3_64bits(bytes, count); }

int system_exchange(const char *first, const char *second) {
  return renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
}

static pid_t spawn(const char *const arguments[], char **environment, int input, int output, int takes_signals) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  if (takes_signals) {
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    sigaddset(&defaults, SIGHUP);
    sigaddset(&defaults, SIGXFSZ);
  }
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  int error = posix_spawn(&pid, arguments[0], &actions, &attributes, (char *const *)arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error ? -error : pid;
}

pid_t system_spawn_worker(const char *const arguments[], const char *const environment[], int input, int output) {
  return spawn(arguments, (char **)environment, input, output, 0);
}

pid_t system_spawn_command(const char *const arguments[], int input, int output) {
  return spawn(arguments, environ, input, output, 1);
}

int system_socket_pair(int ends[2]) { return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends); }

int system_send(int socket, const void *bytes, size_t count, int descriptor) {
  union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr alignment; } control;
  size_t sent = 0;
  while (sent < count) {
    struct iovec part = {(char *)bytes + sent, count - sent};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0 && sent == 0) {
      memset(&control, 0, sizeof control);
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof control.bytes;
      struct cmsghdr *header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int));
      memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    ssize_t n = sendmsg(socket, &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    sent += (size_t)n;
  }
  return 0;
}

ssize_t system_receive(int socket, void *bytes, size_t count, int *descriptor) {
  union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr alignment; } control;
  struct iovec part = {bytes, count};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  *descriptor = -1;
  ssize_t n;
  do n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n < 0) return -1;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
      memcpy(descriptor, CMSG_DATA(header), sizeof(int));
  return n;
}

int system_limit_memory(uint64_t bytes) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit)) return -1;
  // A lower limit that is there already, soft or hard, is kept.
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < bytes) bytes = limit.rlim_cur;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < bytes) bytes = limit.rlim_max;
  limit.rlim_cur = limit.rlim_max = bytes;
  return setrlimit(RLIMIT_AS, &limit);
}

int system_processor_count(void) {
  // Room for 8,192 processors: the kernel refuses a mask that is smaller than its own.
  unsigned char mask[1024] = {0};
  if (sched_getaffinity(0, sizeof mask, (cpu_set_t *)mask)) return -1;
  int count = 0;
  for (size_t i = 0; i < sizeof mask; i++) count += __builtin_popcount(mask[i]);
  return count;
}

void system_exit_when_reader_leaves(int descriptor) {
  struct pollfd watched = {descriptor, 0, 0};
  for (;;) {
    int ready = poll(&watched, 1, -1);
    if (ready > 0 && (watched.revents & (POLLERR | POLLHUP | POLLNVAL))) _exit(0);
    if (ready < 0 && errno != EINTR) _exit(0);
  }
}

static int identity(int status, const struct stat *s, system_file_identity *out) {
  if (status) return -1;
  *out = (system_file_identity){s->st_dev, s->st_ino, s->st_size,
                                s->st_mtim.tv_sec * 1000000000LL + s->st_mtim.tv_nsec, s->st_mode};
  return 0;
}
int system_identity_of_path(const char *path, system_file_identity *out) {
  struct stat s;
  return identity(stat(path, &s), &s, out);
}
int system_identity_of_descriptor(int descriptor, system_file_identity *out) {
  // The call itself: the C library may make it by a path that is empty, which a worker that is locked in must not use. The kernel's
  // structure is the C library's on 64 bits.
  struct stat s;
  return identity((int)syscall(SYS_fstat, descriptor, &s), &s, out);
}
int system_identity_of_link(const char *path, system_file_identity *out) {
  struct stat s;
  return identity(lstat(path, &s), &s, out);
}
int system_identity_of_entry(int directory, const char *name, system_file_identity *out) {
  struct stat s;
  return identity(fstatat(directory, name, &s, AT_SYMLINK_NOFOLLOW), &s, out);
}

void system_set_rounding(void) {
#if defined(__x86_64__)
  // Nearest, all exceptions masked, no flush to zero and no zero for denormals.
  _mm_setcsr(0x1F80);
#endif
}

int system_has_bfloat16(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return system_instruction_set() == 2 && __builtin_cpu_supports("avx512bf16");
#else
  return 0;
#endif
}

int system_instruction_set(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return 2;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
  return 0;
}
