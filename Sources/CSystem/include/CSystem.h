// System calls and two hash libraries, in the shape Swift can import.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Gives the kernel back what was freed in small pieces; the allocator keeps it otherwise.
void system_return_freed_memory(void);

// SHA-256 through libcrypto. A context is created by begin and freed by end; NULL when libcrypto fails.
void *system_sha256_begin(void);
void system_sha256_update(void *context, const void *bytes, size_t count);
void system_sha256_end(void *context, void *digest);
// All at once: 32 bytes into `digest`.
void system_sha256(const void *bytes, size_t count, void *digest);

// XXH3, 64 bits: fast change checks, never an address.
uint64_t system_xxh3(const void *bytes, size_t count);

// Exchanges two existing paths in one step (renameat2 with RENAME_EXCHANGE). 0, or -1 with errno.
int system_exchange(const char *first, const char *second);

// Starts `arguments[0]` in a process group of its own, with this environment alone ("NAME=value", ended by NULL). The child's descriptors:
// 0 = input, 1 = output, 2 = inherited, no others. Returns the pid, or -errno.
pid_t system_spawn_worker(const char *const arguments[], const char *const environment[], int input, int output);

// The same for a command of the user's, with all of this process's environment: it heeds SIGINT, SIGTERM and SIGHUP even where this process
// ignores them.
pid_t system_spawn_command(const char *const arguments[], int input, int output);

// Sets the calling thread's arithmetic: rounding to nearest, small numbers as they are (no flush to zero). A library may have set it
// otherwise.
void system_set_rounding(void);

// A pair of connected sockets that no other process inherits. 0, or -1 with errno.
int system_socket_pair(int ends[2]);
// Sends all of `count` bytes; an open `descriptor` (-1: none) goes along with the first of them. 0, or -1 with errno.
int system_send(int socket, const void *bytes, size_t count, int descriptor);
// At most `count` bytes, 0 at the end, or -1 with errno. A descriptor that came with them is put into `descriptor`, else -1.
ssize_t system_receive(int socket, void *bytes, size_t count, int *descriptor);

// What locks the calling process in for good. Each returns 0, or -1 with errno.
// Programs that it starts get no rights that it has not: without this the kernel takes neither of the others.
int system_no_new_privileges(void);
// The newest version of Landlock that the kernel has; 0 where it has none.
int system_landlock_version(void);
// No access to files, programs, TCP and processes outside; of the calling thread and those that it makes later.
int system_landlock_deny_everything(void);
// Whether the kernel can filter system calls.
int system_filter_is_offered(void);
// Ends the process at any system call but those that calls.c lists; of all threads, which the process makes no more of.
int system_filter_calls(void);
// For tests: does what escapes.c has under this name. 1 where that went well, 0 where it was refused, -1 where there is no such name; many
// end the process.
int system_attempt(const char *name);

// Caps the address space of the calling process.
int system_limit_memory(uint64_t bytes);

// Blocks until the reading end of `descriptor` is gone, then ends the process. Called on a thread of its own.
void system_exit_when_reader_leaves(int descriptor);

// The device, inode, size and modification time (nanoseconds) of an open file or path.
typedef struct { uint64_t device, inode; int64_t size, modified; uint32_t mode; } system_file_identity;
int system_identity_of_path(const char *path, system_file_identity *out);
/// Processors in the affinity mask of this process; -1 where it cannot be asked for.
int system_processor_count(void);
int system_identity_of_descriptor(int descriptor, system_file_identity *out);
int system_identity_of_link(const char *path, system_file_identity *out);
// The same of a name in an open directory; links are not followed.
int system_identity_of_entry(int directory, const char *name, system_file_identity *out);

// The highest instruction set this CPU and kernel offer: 0 portable, 1 AVX2 with FMA, 2 AVX-512 (F, BW, DQ, VL).
int system_instruction_set(void);
// Whether there are products of bfloat16 in the widest of them.
int system_has_bfloat16(void);

// ECDSA on P-256 with SHA-256. A key is read from its PEM text; NULL for what is none, lies on another curve or is locked by a passphrase.
void *system_private_key(const char *pem, size_t count);
void *system_public_key(const char *pem, size_t count);
void system_key_free(void *key);
// The public half as PEM; its length, or -1.
int system_key_public_pem(void *key, char *pem, size_t capacity);
// The signature in DER; its length, or -1.
int system_sign(void *key, const void *message, size_t count, void *signature, size_t capacity);
// 1 where the signature is that of the message by this key, else 0.
int system_verify(void *key, const void *message, size_t count, const void *signature, size_t length);
