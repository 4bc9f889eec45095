// Compiles the .inc files for each instruction set and hands out the table that the caller asks for.
#include "CKernels.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include "CMathematics.h"
#include <math.h>
#include <pthread.h>
#include <string.h>

// Vectors never cross a call that is not inlined: there is no ABI to change.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v16 __attribute__((vector_size(64)));
typedef float v16u __attribute__((vector_size(64), aligned(4)));
typedef int32_t i16 __attribute__((vector_size(64)));
typedef double d16 __attribute__((vector_size(128)));
typedef double d16u __attribute__((vector_size(128), aligned(8)));
typedef uint16_t h16 __attribute__((vector_size(32)));
typedef uint16_t h16u __attribute__((vector_size(32), aligned(2)));
typedef uint8_t b16 __attribute__((vector_size(16)));
typedef uint8_t b16u __attribute__((vector_size(16), aligned(1)));

static float hann512[512], cosines256[256], sines256[256], cosines512[257], sines512[257];

static void fill_tables(void) {
  const double turn = 6.283185307179586476925;
  for (int i = 0; i < 512; i++) hann512[i] = (float)(0.5 - 0.5 * math_cos(turn * i / 512));
  for (int i = 0; i < 256; i++) cosines256[i] = (float)math_cos(turn * i / 256), sines256[i] = (float)math_sin(turn * i / 256);
  for (int i = 0; i <= 256; i++) cosines512[i] = (float)math_cos(turn * i / 512), sines512[i] = (float)math_sin(turn * i / 512);
}

// How much stays in registers: rows x columns of 16 lanes of a product, the same of an outer product, chains of the peak's
// multiply-adds, and the stem's pixels x vectors and its vectors in the weights' gradient.
#define K(name) name##_plain
#include "plain.inc"

#if defined(__x86_64__)
// The same where the CPU has multiply-adds: without them each is a call.
#pragma clang attribute push(__attribute__((target("avx,fma"), min_vector_width(128))), apply_to = function)
#define K(name) name##_fused
#include "plain.inc"
#pragma clang attribute pop

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
#define STEM_PIXELS 12
#define STEM_VECTORS 2
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
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;

// Everything that one instruction set has.
typedef struct {
  const kernels_table *table;
  const kernels_convolution_table *const *convolutions;
  const kernels_stem_table *stem;
  const kernels_matrix_table *matrix;
  const kernels_row_table *rows;
  const kernels_row_gradient_table *row_gradients;
} kernels_set;

#define SET(name) {&table_##name, convolutions_##name, &stem_##name, &matrix_products_##name, &row_functions_##name, \
   &row_gradients_##name}
static const kernels_set plain_set = SET(plain);
#if defined(__x86_64__)
static const kernels_set fused_set = SET(fused), avx2_set = SET(avx2), avx512_set = SET(avx512);
#endif

static const kernels_set *set_for(int level) {
  pthread_once(&once, fill_tables);
#if defined(__x86_64__)
  if (level >= 2) return &avx512_set;
  if (level == 1) return &avx2_set;
  if (level == 0 && __builtin_cpu_supports("fma")) return &fused_set;
#endif
  return &plain_set;
}

const kernels_table *kernels_for(int level) { return set_for(level)->table; }

const kernels_convolution_table *kernels_convolution_for(kernels_algorithm algorithm, int level, int bfloat16) {
#if defined(__x86_64__)
  if (bfloat16) return convolutions_bfloat16[algorithm];
#endif
  return set_for(level)->convolutions[algorithm];
}

const kernels_stem_table *kernels_stem_for(int level) { return set_for(level)->stem; }

const kernels_matrix_table *kernels_matrix_for(int level) { return set_for(level)->matrix; }

const kernels_row_table *kernels_rows_for(int level) { return set_for(level)->rows; }

const kernels_row_gradient_table *kernels_row_gradients_for(int level) { return set_for(level)->row_gradients; }
