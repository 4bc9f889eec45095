// LD_PRELOAD for the tests: libav uses no vector instructions beyond CPU_FLAGS (libavutil/cpu.h; 0 is none).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

int av_get_cpu_flags(void);

void av_force_cpu_flags(int flags) {
  static void (*next)(int);
  if (!next) next = (void (*)(int))dlsym(RTLD_NEXT, "av_force_cpu_flags");
  const char *allowed = getenv("CPU_FLAGS");
  if (allowed) {
    next(flags);
    if (flags == -1) flags = av_get_cpu_flags();
    flags &= (int)strtol(allowed, NULL, 0);
  }
  next(flags);
}
