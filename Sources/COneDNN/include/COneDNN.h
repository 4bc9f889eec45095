// One convolution layer through oneDNN 2.6 (its C interface changed later: only this target knows it).
//
// A plan serves one microbatch size. Executing is safe from several threads at once, each with its own scratch; every primitive
// runs on the calling thread alone. Activations are nChw16c when the channels divide by 16, else plain nchw; where the library
// prefers another layout it is reordered inside.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
  int64_t images, in_channels, in_height, in_width, out_channels, kernel, stride, padding;
} onednn_shape;

typedef enum { onednn_forward = 0, onednn_backward_data = 1, onednn_backward_weights = 2 } onednn_pass;

typedef struct onednn_plan onednn_plan;

// NULL when oneDNN cannot make it. training = 0: forward only. data_gradient = 0: no pass to the input.
onednn_plan *onednn_plan_create(const onednn_shape *shape, int training, int data_gradient);
void onednn_plan_destroy(onednn_plan *plan);

// The name of the implementation that oneDNN chose, for profiles and fingerprints; "" for a pass that is not there.
const char *onednn_plan_name(const onednn_plan *plan, onednn_pass pass);

// Bytes of scratch that one executing thread needs, and of the packed weights of a pass.
size_t onednn_plan_scratch(const onednn_plan *plan);
size_t onednn_plan_packed(const onednn_plan *plan, onednn_pass pass);

// out-in-kernel-kernel weights into a pass's packed layout (forward, backward_data), and packed gradients out of it.
int onednn_pack(onednn_plan *plan, onednn_pass pass, const float *weights, float *packed);
int onednn_unpack_gradient(onednn_plan *plan, const float *packed, float *weights);

// 0 when done. forward: result = y of (x, packed). backward_data: result = dx of (dy, packed). backward_weights: packed gradient.
int onednn_run_forward(onednn_plan *plan, const float *x, const float *packed, float *y, void *scratch);
int onednn_run_backward_data(onednn_plan *plan, const float *dy, const float *packed, float *dx, void *scratch);
int onednn_run_backward_weights(onednn_plan *plan, const float *x, const float *dy, float *packed, void *scratch);

// "2.6.3".
const char *onednn_version(void);
// Caps the instruction set before first use: 0 = SSE4.1, 1 = AVX2, 2 = all. 0 when it took.
int onednn_limit_isa(int level);
