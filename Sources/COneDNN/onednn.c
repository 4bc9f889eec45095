#include "COneDNN.h"
#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// From libgomp, which Debian's oneDNN runs on; its header is not part of this compiler.
extern void omp_set_num_threads(int);

enum { SOURCE, WEIGHTS, RESULT, OPERANDS };
enum { ALIGNMENT = 4096 };

// One primitive and, for each operand, the reorder between our layout and the one it wants (NULL: the same).
typedef struct {
  dnnl_primitive_t primitive;
  dnnl_memory_desc_t wanted[OPERANDS];
  dnnl_memory_desc_t scratchpad;
  dnnl_primitive_t reorder[OPERANDS];
  size_t offset[OPERANDS], scratchpad_offset, scratch;
  char name[96];
} pass_state;

struct onednn_plan {
  onednn_shape shape;
  dnnl_memory_desc_t x, y, plain;
  pass_state pass[3];
};

static dnnl_engine_t engine;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local dnnl_stream_t stream;

static void make_engine(void) { dnnl_engine_create(&engine, dnnl_cpu, 0); }

// Every thread that creates or executes runs primitives alone.
static int enter(void) {
  pthread_once(&once, make_engine);
  if (!stream) {
    omp_set_num_threads(1);
    if (!engine || dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success) return -1;
  }
  return 0;
}

static dnnl_memory_desc_t described(int64_t a, int64_t b, int64_t c, int64_t d, dnnl_format_tag_t tag) {
  dnnl_memory_desc_t md;
  dnnl_dims_t dims = {a, b, c, d};
  dnnl_memory_desc_init_by_tag(&md, 4, dims, dnnl_f32, tag);
  return md;
}

static dnnl_format_tag_t layout(int64_t channels) { return channels % 16 == 0 ? dnnl_nChw16c : dnnl_nchw; }

static size_t rounded(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static int make_reorder(dnnl_primitive_t *out, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  dnnl_primitive_desc_t pd;
  if (dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, NULL) != dnnl_success) return -1;
  int status = dnnl_primitive_create(out, pd) == dnnl_success ? 0 : -1;
  dnnl_primitive_desc_destroy(pd);
  return status;
}

// Winograd by name first (`auto` takes it only from 16 images), then whatever the library holds best.
static int make_convolution(pass_state *pass, onednn_pass kind, const onednn_shape *s, int winograd, dnnl_primitive_desc_t forward,
                            dnnl_primitive_desc_t *made) {
  dnnl_primitive_attr_t attr;
  dnnl_primitive_attr_create(&attr);
  dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  int64_t out_height = (s->in_height + 2 * s->padding - s->kernel) / s->stride + 1;
  int64_t out_width = (s->in_width + 2 * s->padding - s->kernel) / s->stride + 1;
  dnnl_memory_desc_t x = described(s->images, s->in_channels, s->in_height, s->in_width, dnnl_format_tag_any);
  dnnl_memory_desc_t w = described(s->out_channels, s->in_channels, s->kernel, s->kernel, dnnl_format_tag_any);
  dnnl_memory_desc_t y = described(s->images, s->out_channels, out_height, out_width, dnnl_format_tag_any);
  dnnl_dims_t strides = {s->stride, s->stride}, padding = {s->padding, s->padding};
  dnnl_status_t status = dnnl_unimplemented;
  for (int direct = !winograd; direct < 2 && status != dnnl_success; direct++) {
    dnnl_alg_kind_t algorithm = direct ? dnnl_convolution_direct : dnnl_convolution_winograd;
    dnnl_convolution_desc_t d;
    if (kind == onednn_forward)
      status = dnnl_convolution_forward_desc_init(&d, dnnl_forward_training, algorithm, &x, &w, NULL, &y, strides, padding, padding);
    else if (kind == onednn_backward_data)
      status = dnnl_convolution_backward_data_desc_init(&d, algorithm, &x, &w, &y, strides, padding, padding);
    else
      status = dnnl_convolution_backward_weights_desc_init(&d, algorithm, &x, &w, NULL, &y, strides, padding, padding);
    if (status == dnnl_success) status = dnnl_primitive_desc_create(made, &d, attr, engine, forward);
  }
  dnnl_primitive_attr_destroy(attr);
  if (status != dnnl_success) return -1;
  if (dnnl_primitive_create(&pass->primitive, *made) != dnnl_success) return -1;
  const char *name = "";
  dnnl_primitive_desc_query(*made, dnnl_query_impl_info_str, 0, (void *)&name);
  snprintf(pass->name, sizeof pass->name, "%s", name);
  static const dnnl_query_t queries[3][OPERANDS] = {
      {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
      {dnnl_query_diff_dst_md, dnnl_query_weights_md, dnnl_query_diff_src_md},
      {dnnl_query_src_md, dnnl_query_diff_dst_md, dnnl_query_diff_weights_md}};
  for (int i = 0; i < OPERANDS; i++) {
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(*made, queries[kind][i], 0);
    if (!md) return -1;
    pass->wanted[i] = *md;
  }
  const dnnl_memory_desc_t *pad = dnnl_primitive_desc_query_md(*made, dnnl_query_scratchpad_md, 0);
  if (pad) pass->scratchpad = *pad;
  return 0;
}

// Lays out the scratch of a pass: reordered operands, then oneDNN's own scratchpad.
static int plan_scratch(onednn_plan *plan, onednn_pass kind) {
  pass_state *pass = &plan->pass[kind];
  const dnnl_memory_desc_t *ours[3][OPERANDS] = {
      {&plan->x, NULL, &plan->y}, {&plan->y, NULL, &plan->x}, {&plan->x, &plan->y, NULL}};
  size_t at = 0;
  for (int i = 0; i < OPERANDS; i++) {
    const dnnl_memory_desc_t *mine = ours[kind][i];
    if (!mine || dnnl_memory_desc_equal(mine, &pass->wanted[i])) continue;
    int failed = i == RESULT ? make_reorder(&pass->reorder[i], &pass->wanted[i], mine)
                             : make_reorder(&pass->reorder[i], mine, &pass->wanted[i]);
    if (failed) return -1;
    pass->offset[i] = at;
    at += rounded(dnnl_memory_desc_get_size(&pass->wanted[i]));
  }
  pass->scratchpad_offset = at;
  pass->scratch = at + rounded(dnnl_memory_desc_get_size(&pass->scratchpad));
  return 0;
}

onednn_plan *onednn_plan_create(const onednn_shape *s, int training, int data_gradient) {
  if (enter()) return NULL;
  onednn_plan *plan = calloc(1, sizeof *plan);
  if (!plan) return NULL;
  plan->shape = *s;
  int64_t out_height = (s->in_height + 2 * s->padding - s->kernel) / s->stride + 1;
  int64_t out_width = (s->in_width + 2 * s->padding - s->kernel) / s->stride + 1;
  plan->x = described(s->images, s->in_channels, s->in_height, s->in_width, layout(s->in_channels));
  plan->y = described(s->images, s->out_channels, out_height, out_width, layout(s->out_channels));
  plan->plain = described(s->out_channels, s->in_channels, s->kernel, s->kernel, dnnl_oihw);
  int winograd = s->kernel == 3 && s->stride == 1 && s->padding == 1;
  dnnl_primitive_desc_t made[3] = {0};
  int failed = make_convolution(&plan->pass[0], onednn_forward, s, winograd, NULL, &made[0]) || plan_scratch(plan, onednn_forward);
  for (int kind = 1; kind < 3 && training && !failed; kind++) {
    if (kind == onednn_backward_data && !data_gradient) continue;
    failed = make_convolution(&plan->pass[kind], kind, s, winograd, made[0], &made[kind]) || plan_scratch(plan, kind);
  }
  for (int kind = 0; kind < 3; kind++)
    if (made[kind]) dnnl_primitive_desc_destroy(made[kind]);
  if (!failed) return plan;
  onednn_plan_destroy(plan);
  return NULL;
}

void onednn_plan_destroy(onednn_plan *plan) {
  if (!plan) return;
  for (int kind = 0; kind < 3; kind++) {
    if (plan->pass[kind].primitive) dnnl_primitive_destroy(plan->pass[kind].primitive);
    for (int i = 0; i < OPERANDS; i++)
      if (plan->pass[kind].reorder[i]) dnnl_primitive_destroy(plan->pass[kind].reorder[i]);
  }
  free(plan);
}

const char *onednn_plan_name(const onednn_plan *plan, onednn_pass pass) { return plan->pass[pass].name; }

size_t onednn_plan_scratch(const onednn_plan *plan) {
  size_t most = 0;
  for (int kind = 0; kind < 3; kind++)
    if (plan->pass[kind].scratch > most) most = plan->pass[kind].scratch;
  return most + ALIGNMENT;
}

static int weights_operand(onednn_pass pass) { return pass == onednn_backward_weights ? RESULT : WEIGHTS; }

size_t onednn_plan_packed(const onednn_plan *plan, onednn_pass pass) {
  if (!plan->pass[pass].primitive) return 0;
  return rounded(dnnl_memory_desc_get_size(&plan->pass[pass].wanted[weights_operand(pass)]));
}

static int convert(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, const float *source, float *result) {
  dnnl_primitive_t reorder;
  if (enter() || make_reorder(&reorder, from, to)) return -1;
  dnnl_memory_t a = NULL, b = NULL;
  dnnl_memory_create(&a, from, engine, (void *)source);
  dnnl_memory_create(&b, to, engine, result);
  dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, a}, {DNNL_ARG_TO, b}};
  int status = dnnl_primitive_execute(reorder, stream, 2, args) == dnnl_success ? 0 : -1;
  dnnl_stream_wait(stream);
  dnnl_memory_destroy(a);
  dnnl_memory_destroy(b);
  dnnl_primitive_destroy(reorder);
  return status;
}

int onednn_pack(onednn_plan *plan, onednn_pass pass, const float *weights, float *packed) {
  return convert(&plan->plain, &plan->pass[pass].wanted[WEIGHTS], weights, packed);
}

int onednn_unpack_gradient(onednn_plan *plan, const float *packed, float *weights) {
  return convert(&plan->pass[onednn_backward_weights].wanted[RESULT], &plan->plain, packed, weights);
}

// Runs a pass: operands into the layouts it wants, the primitive, the result back.
static int run(onednn_plan *plan, onednn_pass kind, const float *first, const float *second, float *result, void *scratch) {
  pass_state *pass = &plan->pass[kind];
  if (enter() || !pass->primitive) return -1;
  static const int arguments[3][OPERANDS] = {{DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                                             {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC},
                                             {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS}};
  const dnnl_memory_desc_t *ours[OPERANDS] = {kind == onednn_backward_data ? &plan->y : &plan->x,
                                              kind == onednn_backward_weights ? &plan->y : NULL,
                                              kind == onednn_forward ? &plan->y : kind == onednn_backward_data ? &plan->x : NULL};
  char *base = (char *)(((uintptr_t)scratch + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
  void *given[OPERANDS] = {(void *)first, (void *)second, result};
  dnnl_memory_t outer[OPERANDS] = {0}, inner[OPERANDS] = {0}, pad = NULL;
  int failed = 0;
  for (int i = 0; i < OPERANDS; i++) {
    void *place = pass->reorder[i] ? base + pass->offset[i] : given[i];
    failed |= dnnl_memory_create(&inner[i], &pass->wanted[i], engine, place) != dnnl_success;
    if (pass->reorder[i]) failed |= dnnl_memory_create(&outer[i], ours[i], engine, given[i]) != dnnl_success;
  }
  failed |= dnnl_memory_create(&pad, &pass->scratchpad, engine, base + pass->scratchpad_offset) != dnnl_success;
  for (int i = 0; i < RESULT && !failed; i++)
    if (pass->reorder[i]) {
      dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, outer[i]}, {DNNL_ARG_TO, inner[i]}};
      failed = dnnl_primitive_execute(pass->reorder[i], stream, 2, args) != dnnl_success;
    }
  if (!failed) {
    dnnl_exec_arg_t args[4] = {{arguments[kind][0], inner[0]}, {arguments[kind][1], inner[1]}, {arguments[kind][2], inner[2]},
                               {DNNL_ARG_SCRATCHPAD, pad}};
    failed = dnnl_primitive_execute(pass->primitive, stream, 4, args) != dnnl_success;
  }
  if (!failed && pass->reorder[RESULT]) {
    dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, inner[RESULT]}, {DNNL_ARG_TO, outer[RESULT]}};
    failed = dnnl_primitive_execute(pass->reorder[RESULT], stream, 2, args) != dnnl_success;
  }
  dnnl_stream_wait(stream);
  for (int i = 0; i < OPERANDS; i++) {
    if (inner[i]) dnnl_memory_destroy(inner[i]);
    if (outer[i]) dnnl_memory_destroy(outer[i]);
  }
  if (pad) dnnl_memory_destroy(pad);
  return failed ? -1 : 0;
}

int onednn_run_forward(onednn_plan *plan, const float *x, const float *packed, float *y, void *scratch) {
  return run(plan, onednn_forward, x, packed, y, scratch);
}
int onednn_run_backward_data(onednn_plan *plan, const float *dy, const float *packed, float *dx, void *scratch) {
  return run(plan, onednn_backward_data, dy, packed, dx, scratch);
}
int onednn_run_backward_weights(onednn_plan *plan, const float *x, const float *dy, float *packed, void *scratch) {
  return run(plan, onednn_backward_weights, x, dy, packed, scratch);
}

const char *onednn_version(void) {
  static char text[32];
  const dnnl_version_t *v = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
  return text;
}

int onednn_limit_isa(int level) {
  dnnl_cpu_isa_t isa = level >= 2 ? dnnl_cpu_isa_all : level == 1 ? dnnl_cpu_isa_avx2 : dnnl_cpu_isa_sse41;
  return dnnl_set_max_cpu_isa(isa) == dnnl_success ? 0 : -1;
}
