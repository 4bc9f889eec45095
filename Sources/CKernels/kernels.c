// Compiles body.inc for each instruction set and hands out the table that the caller asks for.
#include "CKernels.h"
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#pragma STDC FP_CONTRACT OFF
// Vectors never cross a call that is not inlined: there is no ABI to change.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v16 __attribute__((vector_size(64)));
typedef float v16u __attribute__((vector_size(64), aligned(4)));
typedef int32_t i16 __attribute__((vector_size(64)));
typedef double d16 __attribute__((vector_size(128)));
typedef uint8_t b16 __attribute__((vector_size(16)));
typedef uint8_t b16u __attribute__((vector_size(16), aligned(1)));

static float hann512[512], cosines256[256], sines256[256], cosines512[257], sines512[257];
static volatile float kernels_sink;

static void fill_tables(void) {
  const double turn = 6.283185307179586476925;
  for (int i = 0; i < 512; i++) hann512[i] = (float)(0.5 - 0.5 * cos(turn * i / 512));
  for (int i = 0; i < 256; i++) cosines256[i] = (float)cos(turn * i / 256), sines256[i] = (float)sin(turn * i / 256);
  for (int i = 0; i <= 256; i++) cosines512[i] = (float)cos(turn * i / 512), sines512[i] = (float)sin(turn * i / 512);
}

#define K(name) name##_portable
#include "body.inc"
#undef K

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2"))), apply_to = function)
#define K(name) name##_avx2
#include "body.inc"
#undef K
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi2"), min_vector_width(512))), apply_to = function)
#define K(name) name##_avx512
#include "body.inc"
#undef K
#pragma clang attribute pop
#else
#define table_avx2 table_portable
#define table_avx512 table_portable
#define peak_avx2 peak_portable
#define peak_avx512 peak_portable
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;

const kernels_table *kernels_for(int level) {
  pthread_once(&once, fill_tables);
  return level >= 2 ? &table_avx512 : level == 1 ? &table_avx2 : &table_portable;
}

double kernels_peak(int level, double seconds) {
  return level >= 2 ? peak_avx512(seconds) : level == 1 ? peak_avx2(seconds) : peak_portable(seconds);
}
