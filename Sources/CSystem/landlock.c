// Landlock with nothing allowed: even if other protections fail, the process cannot open, create, rename or remove
// files, start programs, bind or connect to TCP ports, or signal processes outside. A second protection by the kernel
// besides the list of system calls.

#include "CSystem.h"
#include <errno.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// As in linux/landlock.h from version 6 on; Debian 12's header has only the first field.
struct ruleset {
  uint64_t files, network, scopes;
};

int system_landlock_version(void) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1u);
  return version > 0 ? (int)version : 0;
}

int system_landlock_deny_everything(void) {
  int version = system_landlock_version();
  if (!version) {
    errno = ENOSYS;
    return -1;
  }
  // Every right that this version knows is handled, and none is granted. Version 1 knows 13 rights for files. Version 2
  // adds moving files to other directories, version 3 truncating files, version 4 binding and connecting TCP ports,
  // version 5 ioctl on devices, version 6 signals and abstract sockets.
  int rights = version < 2 ? 13 : version < 3 ? 14 : version < 5 ? 15 : 16;
  struct ruleset all = {(UINT64_C(1) << rights) - 1, version < 4 ? 0 : 3, version < 6 ? 0 : 3};
  size_t size = version < 4 ? 8 : version < 6 ? 16 : 24;
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0u);
  if (ruleset < 0) return -1;
  long result = syscall(SYS_landlock_restrict_self, ruleset, 0u);
  int error = errno;
  close(ruleset);
  errno = error;
  return result ? -1 : 0;
}

int system_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
