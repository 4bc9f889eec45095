// Compiles the .inc files for each instruction set and hands out the table that the caller asks for.
#include "CKernels.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <math.h>
#include <pthread.h>
#include <string.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

// Vectors never cross a call that is not inlined: there is no ABI to change.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v16 __attribute__((vector_size(64)));
typedef float v16u __attribute__((vector_size(64), aligned(4)));
typedef int32_t i16 __attribute__((vector_size(64)));
typedef double d16 __attribute__((vector_size(128)));
typedef double d16u __attribute__((vector_size(128), aligned(8)));
typedef uint8_t b16 __attribute__((vector_size(16)));
typedef uint8_t b16u __attribute__((vector_size(16), aligned(1)));

static float hann512[512], cosines256[256], sines256[256], cosines512[257], sines512[257];

static void fill_tables(void) {
  const double turn = 6.283185307179586476925;
  for (int i = 0; i < 512; i++) hann512[i] = (float)(0.5 - 0.5 * cos(turn * i / 512));
  for (int i = 0; i < 256; i++) cosines256[i] = (float)cos(turn * i / 256), sines256[i] = (float)sin(turn * i / 256);
  for (int i = 0; i <= 256; i++) cosines512[i] = (float)cos(turn * i / 512), sines512[i] = (float)sin(turn * i / 512);
}

// How much stays in registers: rows x columns of 16 lanes of a product, the same of an outer product, chains of the peak's
// multiply-adds, and the stem's pixels x vectors and its vectors in the weights' gradient.
#define K(name) name##_portable
#define REGISTER_ROWS 2
#define REGISTER_COLUMNS 1
#define OUTER_ROWS 2
#define PEAK_CHAINS 2
#define STEM_PIXELS 2
#define STEM_VECTORS 1
#define STEM_WEIGHT_VECTORS 1
#define OUTER_COLUMNS 1
#include "set.inc"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2"))), apply_to = function)
#define K(name) name##_avx2
#define REGISTER_ROWS 6
#define REGISTER_COLUMNS 1
#define OUTER_ROWS 4
#define PEAK_CHAINS 6
#define STEM_PIXELS 6
#define STEM_VECTORS 1
#define STEM_WEIGHT_VECTORS 1
#define OUTER_COLUMNS 1
#include "set.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi2"), min_vector_width(512))), apply_to = function)
#define K(name) name##_avx512
#define REGISTER_ROWS 14
#define REGISTER_COLUMNS 2
#define OUTER_ROWS 8
#define PEAK_CHAINS 16
#define STEM_PIXELS 6
#define STEM_VECTORS 4
#define STEM_WEIGHT_VECTORS 2
#define OUTER_COLUMNS 2
#include "set.inc"
#pragma clang attribute pop

// The convolutions once more, with products of bfloat16.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,bmi2"), min_vector_width(512))), apply_to = function)
#define K(name) name##_bfloat16
#define BFLOAT16
#define REGISTER_ROWS 14
#define REGISTER_COLUMNS 2
#define OUTER_ROWS 8
#define OUTER_COLUMNS 2
#include "lanes.inc"
#include "convolutions.inc"
#pragma clang attribute pop
#else
#define table_avx2 table_portable
#define table_avx512 table_portable
#define convolutions_avx2 convolutions_portable
#define convolutions_avx512 convolutions_portable
#define convolutions_bfloat16 convolutions_portable
#define stem_avx2 stem_portable
#define stem_avx512 stem_portable
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;

const kernels_table *kernels_for(int level) {
  pthread_once(&once, fill_tables);
  return level >= 2 ? &table_avx512 : level == 1 ? &table_avx2 : &table_portable;
}

const kernels_convolution_table *kernels_convolution_for(kernels_algorithm algorithm, int level, int bfloat16) {
  if (bfloat16) return convolutions_bfloat16[algorithm];
  return (level >= 2 ? convolutions_avx512 : level == 1 ? convolutions_avx2 : convolutions_portable)[algorithm];
}

const kernels_stem_table *kernels_stem_for(int level) {
  return level >= 2 ? &stem_avx512 : level == 1 ? &stem_avx2 : &stem_portable;
}

const char *kernels_compiler(void) { return __VERSION__; }

const char *kernels_libc(void) {
#ifdef __GLIBC__
  return gnu_get_libc_version();
#else
  return "unknown";
#endif
}
