// Numeric kernels, one body compiled for three instruction sets (and plain code twice: with and without multiply-adds in the CPU).
//
// Layout of an activation: [images][channels / block][pixels][block], block a multiple of 16; block = channels is NHWC. Every
// kernel does the same operations in the same order whatever the instruction set, and every multiply-add that is rounded once is
// written as such: the bits do not depend on the CPU. Products of bfloat16 are the exception.
#pragma once
#include <stdint.h>

typedef struct {
  int images, channels, pixels, block;
} kernels_extent;

typedef struct {
  // mean[c] and the sum of squared differences from it, over images and pixels (Chan, Golub, LeVeque 1979).
  void (*channel_moments)(kernels_extent e, const float *x, double *mean, double *m2);
  // y = relu?(x * scale + shift + r), r = relu?(residual * residual_scale + residual_shift). residual may be NULL; its scale may be
  // NULL (1, 0).
  void (*scale_shift)(kernels_extent e, const float *x, const float *scale, const float *shift, const float *residual,
                      const float *residual_scale, const float *residual_shift, int residual_relu, int relu, float *y);
  // gradient *= (activation > 0) in place (activation NULL: no mask), then sums[c] = Σ gradient, products[c] = Σ gradient (x - mean).
  void (*gradient_moments)(kernels_extent e, float *gradient, const float *activation, const float *x, const float *mean,
                           double *sums, double *products);
  // y = gradient * a[c] + x * b[c] + c0[c]; y may be x.
  void (*combine)(kernels_extent e, const float *gradient, const float *x, const float *a, const float *b, const float *c0,
                  float *y);
  // result[image][channel] = mean over pixels.
  void (*pool_mean)(kernels_extent e, const float *x, float *result);
  // result = gradient[image][channel] / pixels wherever result is above zero, else zero: the way back through a ReLU and the mean.
  void (*pool_mean_backward)(kernels_extent e, const float *gradient, float *result);
  // x += y.
  void (*add)(int64_t count, float *x, const float *y);
  // Adam (Kingma, Ba 2015) as PyTorch words it: step_size = rate / (1 - beta1^t), correction = sqrt(1 - beta2^t).
  void (*adam)(int64_t count, float *parameter, const float *gradient, float *m, float *v, float beta1, float beta2,
               float step_size, float correction, float epsilon);
  // ln(|STFT|^2 + 1e-7) of a waveform of `samples` > 256: Hann 512, hop 353, reflect padding; result [257][1 + samples / 353].
  // padded: scratch of samples + 512 floats.
  void (*log_spectrogram)(int samples, const float *waveform, float *padded, float *result);
  // mean and sum of squared differences of `count` values.
  void (*moments)(int64_t count, const float *x, double *mean, double *m2);
  // x = (x - mean) * factor.
  void (*normalize)(int64_t count, float *x, float mean, float factor);
  // `rounds` of multiply-adds that touch no memory: returns how many operations that were. For the machine's peak.
  double (*peak)(int64_t rounds, float seed);
} kernels_table;

// level: 0 portable, 1 AVX2, 2 AVX-512. The caller makes sure that the CPU has it. Below 0: portable without the CPU's multiply-adds,
// where it has them, for tests.
const kernels_table *kernels_for(int level);

// What the numbers of a factor are in memory. Both narrow types become single precision without rounding.
typedef enum { kernels_float32, kernels_float16, kernels_bfloat16 } kernels_number;

// c (+)= alpha op(a) op(b) for row-major matrices: op(a) is [m][k], op(b) [k][n], c [m][n]; op transposes if asked. Strides are numbers
// from one row to the next, as the matrices lie in memory. Only b may have narrow numbers.
typedef struct {
  int m, n, k, a_transposed, b_transposed, adds;
  float alpha;
  int64_t a_stride, b_stride, c_stride;
  kernels_number b_number;
} kernels_matrix;

typedef struct {
  // Floats that the product needs besides.
  int64_t (*scratch)(kernels_matrix x);
  void (*multiply)(kernels_matrix x, const float *a, const void *b, float *c, float *scratch);
  // `count` numbers in single precision.
  void (*widen)(int64_t count, kernels_number number, const void *from, float *to);
} kernels_matrix_table;

const kernels_matrix_table *kernels_matrix_for(int level);

// What Transformers do to rows of values, each row on its own.
typedef struct {
  // y = (x - mean) / sqrt(variance + epsilon) * scale + shift over each of [rows][width]. moments: mean and 1 / sqrt(variance + epsilon)
  // of each row; may be NULL.
  void (*layer_norm)(int64_t rows, int width, const float *x, const float *scale, const float *shift, float epsilon, float *y,
                     float *moments);
  // Each row becomes e^x / sum of e^x. causal: row r takes its first r + 1 values, and the others become zero.
  void (*softmax)(int rows, int width, int causal, float *x);
  // y = x times the normal distribution's mass below x (GELU by the error function), or x / (1 + e^(-1.702 x)) (quick); y may be x.
  void (*gelu)(int64_t count, int quick, const float *x, float *y);
  // x becomes gradient times the slope of GELU at x.
  void (*gelu_gradient)(int64_t count, int quick, const float *gradient, float *x);
  // One row of queries against `count` rows of keys, by heads of `width` columns each: softmax of the scaled products times the values'
  // rows. scores: scratch of `count` floats.
  void (*attend)(int heads, int width, int count, const float *query, const float *const *keys, const float *const *values, float scale,
                 float *scores, float *y);
} kernels_row_table;

const kernels_row_table *kernels_rows_for(int level);

// What training does to rows of values.
typedef struct {
  // sums[c] = the sum of x[row][c] over all rows, in double precision in the order of the rows.
  void (*column_sums)(int64_t rows, int width, const float *x, float *sums);
  // The way back through layer_norm: x, the norm's input, becomes its gradient; scales and shifts become those of scale and shift.
  void (*layer_norm_gradient)(int64_t rows, int width, const float *gradient, const float *scale, const float *moments, float *x,
                              float *scales, float *shifts);
  // The way back through softmax: slopes, the gradient of shares, become that of what shares were made of.
  void (*softmax_gradient)(int64_t rows, int width, const float *shares, float *slopes);
  // y = x / (1 - rate), or 0 for a share `rate` of the values: which ones is a hash of the key and of the value's place; y may be x.
  void (*dropout)(int64_t count, uint64_t key, float rate, const float *x, float *y);
  // The sum over all rows of the cross-entropy of e^x / sum of e^x against 1 - smoothing at targets[row] plus smoothing / width
  // everywhere. With gradients, x becomes factor times the sum's gradient.
  double (*cross_entropy)(int64_t rows, int width, const int32_t *targets, float smoothing, float factor, int gradients, float *x);
} kernels_row_gradient_table;

const kernels_row_gradient_table *kernels_row_gradients_for(int level);

// A square convolution with the padding that keeps its middle, over activations of block 16. in_channels and out_channels divide by
// the table's `panel`; height and width are the input's.
typedef struct {
  int images, in_channels, out_channels, height, width, stride;
} kernels_convolution;

// What becomes of a convolution's input as it is read: relu(x * scale + shift), by channel. scale NULL: x as it is.
typedef struct {
  const float *scale, *shift;
} kernels_prologue;

// What becomes of a convolution's result as it is written. With `mean`: its moments are taken, as channel_moments does, and it
// stays as it is. Else with `scale`: as scale_shift does.
typedef struct {
  double *mean, *m2;
  const float *scale, *shift, *residual, *residual_scale, *residual_shift;
  int residual_relu, relu;
} kernels_epilogue;

// What becomes of an input's gradient as it is written: dx = gradient + addend?, then zero where the activation (seen through `prologue`)
// is not above zero, then sums[c] = Σ dx and products[c] = Σ dx (x - mean). addend, activation and sums may be NULL; activation and x
// may be dx. `even`: the addend is for even rows and columns alone, packed. `compact`: of a 1x1 convolution with stride 2, dx is such.
typedef struct {
  const float *addend;
  int even, compact;
  const float *activation;
  kernels_prologue prologue;
  const float *x, *mean;
  double *sums, *products;
} kernels_gradient_epilogue;

// Makes dy, which holds the convolution's result y, the gradient through its norm: gradient * a + y * b + c. NULL: dy as it is.
typedef struct {
  const float *gradient, *a, *b, *c;
} kernels_norm_gradient;

// One kind of convolution.
typedef struct {
  int panel, taps;
  // Floats that one running thread needs.
  int64_t (*scratch)(kernels_convolution s, int training);
  // Floats of packed weights.
  int64_t (*packed_count)(kernels_convolution s);
  // out-in-taps weights; turned: for the gradient of the input.
  void (*pack)(kernels_convolution s, const float *weights, int turned, float *packed);
  void (*forward)(kernels_convolution s, const float *x, kernels_prologue prologue, const float *packed, float *y, kernels_epilogue epilogue,
                  float *scratch);
  void (*data)(kernels_convolution s, const float *dy, const float *packed, float *dx, kernels_gradient_epilogue gradient_epilogue, float *scratch);
  // The weights' gradient as [in][taps][out], and from there to out-in-taps, sixteen outputs a piece.
  void (*weights)(kernels_convolution s, const float *x, kernels_prologue prologue, float *dy, kernels_norm_gradient norm, float *packed,
                  float *scratch);
  void (*unpack)(kernels_convolution s, const float *packed, int piece, float *weights);
} kernels_convolution_table;

typedef enum {
  kernels_winograd,   // 3x3, stride 1, by F(4x4, 3x3)
  kernels_strided,    // 3x3, stride 2, by F(3, 2) of each phase
  kernels_pointwise,  // 1x1, stride 2
} kernels_algorithm;

// bfloat16: factors of products are rounded to bfloat16 and summed in single precision, in the widest instruction set; the caller
// makes sure that the CPU has such products.
const kernels_convolution_table *kernels_convolution_for(kernels_algorithm algorithm, int level, int bfloat16);

// The encoder's first layer: 7x7 over one channel, stride 2, padding 3, to `channels` (a multiple of `group`), then a 3x3 maximum
// with stride 2 and padding 1. x is [images][height][width], y [images][channels / 16][pooled pixels][16].
typedef struct {
  int images, channels, height, width;
} kernels_stem;

typedef struct {
  int group;
  int64_t (*scratch)(kernels_stem s);
  // out-1-7-7 weights to 49 * channels floats.
  void (*pack)(kernels_stem s, const float *weights, float *packed);
  // y: the convolution's value, before any norm, that is largest in each window after multiplication by sign (1 or -1 by channel);
  // winner = 0…8, row by row, the first such (may be NULL); mean and sum of squared differences over all of the convolution's
  // values (may be NULL).
  void (*forward)(kernels_stem s, const float *x, const float *packed, const float *sign, float *y, uint8_t *winner, double *mean,
                  double *m2, float *scratch);
  // The weights' gradient as [49][channels], from that of the maximum after the norm (zero where nothing flows): at the
  // convolution's value v, gradient * a + v * b + c.
  void (*weights)(kernels_stem s, const float *x, const float *packed, const float *gradient, const uint8_t *winner, const float *a,
                  const float *b, const float *c, float *packed_gradient, float *scratch);
} kernels_stem_table;

const kernels_stem_table *kernels_stem_for(int level);
