// A polyphase windowed-sinc resampler.
//
// Why not libswresample: its vector forms differ in the last bit between CPUs, and its plain C takes a quarter of the time that
// the audio of a clip takes. Here a dot product always has sixteen partial sums, added up in one tree, whatever the width of the
// registers; nothing is fused; the filter's sine is computed with plain arithmetic, because the mathematics library of the
// system has several forms too.
//
// The filter: 22 zero crossings of the slower rate to each side, cut at that rate's Nyquist frequency, under a Kaiser window of
// 85 dB. For 16 kHz that is flat to 7 kHz, and what comes back mirrored falls above 7 kHz.

#include "CResampler.h"
#include <stdlib.h>

#pragma STDC FP_CONTRACT OFF

enum { crossings = 22, lane_count = 16, most_phases = 512 };
static const double kaiser_beta = 8.4, pi = 3.14159265358979323846;

typedef float lanes __attribute__((vector_size(lane_count * sizeof(float))));
typedef float lanes_8 __attribute__((vector_size(8 * sizeof(float))));
typedef float lanes_4 __attribute__((vector_size(4 * sizeof(float))));
typedef float lanes_anywhere __attribute__((vector_size(lane_count * sizeof(float)), aligned(4)));

struct resampler {
  int64_t step, unit;  // rate_in / rate_out in lowest terms
  int phases;          // `unit`, or fewer with interpolation between neighbours
  bool is_between, is_plain;
  int taps, before;    // of each phase; input samples before the one at or before the output's time
  float *table;        // [phases + 1, taps]
};

// sin(pi x) for any x below 2^50: reduced to a quarter turn, then Taylor's series, whose rest is under 1e-16.
static double sine_of_turns(double x) {
  double whole = (double)(int64_t)(x < 0 ? x - 0.5 : x + 0.5), angle = (x - whole) * pi, square = angle * angle;
  double sum = 0;
  for (int k = 23; k >= 3; k -= 2) sum = (1 + sum) * (-square / (k * (k - 1)));
  double sine = angle * (1 + sum);
  return (int64_t)whole & 1 ? -sine : sine;
}

// The modified Bessel function of the first kind, order zero, at a quarter of whose argument's square is `quarter`.
static double bessel(double quarter) {
  double sum = 1, term = 1;
  for (int k = 1; k < 60; k++) {
    term *= quarter / ((double)k * k);
    sum += term;
  }
  return sum;
}

// The filter at `time` in zero crossings.
static double kernel(double time) {
  double place = time / crossings;
  if (place <= -1 || place >= 1) return 0;
  double window = bessel(kaiser_beta * kaiser_beta / 4 * (1 - place * place));
  return time > -1e-9 && time < 1e-9 ? window : window * sine_of_turns(time) / (pi * time);
}

static void fill(resampler *filter, double crossings_per_sample) {
  for (int phase = 0; phase <= filter->phases; phase++) {
    float *row = filter->table + (size_t)phase * filter->taps;
    double offset = (double)phase / filter->phases + filter->before, sum = 0;
    for (int k = 0; k < filter->taps; k++) sum += kernel((k - offset) * crossings_per_sample);
    for (int k = 0; k < filter->taps; k++) row[k] = (float)(kernel((k - offset) * crossings_per_sample) / sum);
  }
}

resampler *resampler_make(int rate_in, int rate_out) {
  if (rate_in < 1 || rate_out < 1 || rate_in > 768000 || rate_out > 768000) return NULL;
  resampler *filter = calloc(1, sizeof *filter);
  if (!filter) return NULL;
  int a = rate_in, b = rate_out;
  while (b) {
    int rest = a % b;
    a = b, b = rest;
  }
  filter->step = rate_in / a, filter->unit = rate_out / a;
  filter->is_between = filter->unit > most_phases;
  filter->phases = filter->is_between ? most_phases : (int)filter->unit;
  double crossings_per_sample = rate_in > rate_out ? (double)rate_out / rate_in : 1;
  filter->before = (int)(crossings / crossings_per_sample);
  // From `before` samples before to as many and one after; the rest of the last group of lanes is zero.
  filter->taps = (2 * filter->before + 2 + lane_count - 1) / lane_count * lane_count;
  filter->table = malloc(((size_t)filter->phases + 1) * filter->taps * sizeof(float));
  if (!filter->table) {
    free(filter);
    return NULL;
  }
  fill(filter, crossings_per_sample);
  return filter;
}

void resampler_free(resampler *filter) {
  if (filter) free(filter->table);
  free(filter);
}

void resampler_use_plain(resampler *filter, bool plain) { filter->is_plain = plain; }

int resampler_reach(const resampler *filter) { return filter->taps; }

// Sixteen partial sums to four, on the way to (0 + 2) + (1 + 3).
static inline __attribute__((always_inline)) lanes_4 quarter(const lanes *sum) {
  lanes_8 eight = __builtin_shufflevector(*sum, *sum, 0, 1, 2, 3, 4, 5, 6, 7) +
                  __builtin_shufflevector(*sum, *sum, 8, 9, 10, 11, 12, 13, 14, 15);
  return __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
}

static inline __attribute__((always_inline)) float dot(const float *x, const float *h, int taps) {
  lanes sum = {0};
  for (int k = 0; k < taps; k += lane_count) sum += *(const lanes_anywhere *)(x + k) * *(const lanes_anywhere *)(h + k);
  lanes_4 four = quarter(&sum);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

// Four such sums with one row, for inputs `apart` samples from each other: the same additions in the same order, side by
// side.
static inline __attribute__((always_inline)) lanes_4 four_dots(const float *x, int64_t apart, const float *h,
                                                               int taps) {
  lanes a = {0}, b = {0}, c = {0}, d = {0};
  for (int k = 0; k < taps; k += lane_count) {
    lanes row = *(const lanes_anywhere *)(h + k);
    a += *(const lanes_anywhere *)(x + k) * row;
    b += *(const lanes_anywhere *)(x + apart + k) * row;
    c += *(const lanes_anywhere *)(x + 2 * apart + k) * row;
    d += *(const lanes_anywhere *)(x + 3 * apart + k) * row;
  }
  lanes_4 p = quarter(&a), q = quarter(&b), r = quarter(&c), s = quarter(&d);
  // Lane 0 of all four, lane 1 of all four, and so on.
  lanes_4 low = __builtin_shufflevector(p, q, 0, 4, 1, 5), low_2 = __builtin_shufflevector(r, s, 0, 4, 1, 5);
  lanes_4 high = __builtin_shufflevector(p, q, 2, 6, 3, 7), high_2 = __builtin_shufflevector(r, s, 2, 6, 3, 7);
  lanes_4 first = __builtin_shufflevector(low, low_2, 0, 1, 4, 5);
  lanes_4 second = __builtin_shufflevector(low, low_2, 2, 3, 6, 7);
  lanes_4 third = __builtin_shufflevector(high, high_2, 0, 1, 4, 5);
  lanes_4 fourth = __builtin_shufflevector(high, high_2, 2, 3, 6, 7);
  return (first + third) + (second + fourth);
}

// Output samples [from, to), all of whose input is there.
static inline __attribute__((always_inline)) void run(const resampler *filter, const float *input, int64_t origin,
                                                      float *output, int64_t from, int64_t to) {
  int taps = filter->taps;
  int64_t position = origin * filter->unit + from * filter->step, unit = filter->unit;
  int64_t whole = position / unit, part = position % unit;
  int64_t step_whole = filter->step / unit, step_part = filter->step % unit;
  // Outputs `unit` apart have the same phase: four of them share what is read of the table.
  int64_t shared = filter->is_between ? from : from + (to - from) / (4 * unit) * (4 * unit);
  for (int64_t block = from; block < shared; block += 4 * unit) {
    for (int64_t n = block; n < block + unit; n++) {
      lanes_4 sums = four_dots(input + whole - filter->before, filter->step, filter->table + part * taps, taps);
      for (int k = 0; k < 4; k++) output[n + k * unit] += sums[k];
      whole += step_whole, part += step_part;
      if (part >= unit) part -= unit, whole++;
    }
    whole += 3 * filter->step;
  }
  for (int64_t n = shared; n < to; n++) {
    const float *x = input + whole - filter->before;
    if (filter->is_between) {
      int64_t scaled = part * filter->phases;
      const float *row = filter->table + scaled / unit * taps;
      float weight = (float)(scaled % unit) / (float)unit, near = dot(x, row, taps), far = dot(x, row + taps, taps);
      output[n] += near + (far - near) * weight;
    } else {
      output[n] += dot(x, filter->table + part * taps, taps);
    }
    whole += step_whole, part += step_part;
    if (part >= unit) part -= unit, whole++;
  }
}

#define FORM(name, ...)                                                                                             \
  __VA_ARGS__ static void name(const resampler *filter, const float *input, int64_t origin, float *output,         \
                               int64_t from, int64_t to) {                                                         \
    run(filter, input, origin, output, from, to);                                                                  \
  }
FORM(run_plain, )
#ifdef __x86_64__
FORM(run_avx2, __attribute__((target("avx2"))))
#endif

void resampler_add(const resampler *filter, const float *input, int64_t input_count, int64_t origin, float *output,
                   int64_t count) {
  // The first output sample whose input begins inside, and the first whose input ends outside.
  int64_t unit = filter->unit, step = filter->step;
  int64_t first = (filter->before - origin) * unit;
  int64_t last = (input_count - filter->taps + filter->before + 1 - origin) * unit;
  int64_t from = first <= 0 ? 0 : (first + step - 1) / step, to = last <= 0 ? 0 : (last + step - 1) / step;
  if (from > count) from = count;
  if (to > count) to = count;
  if (from >= to) return;
#ifdef __x86_64__
  // Eight lanes at once instead of four, of the same sixteen.
  if (!filter->is_plain && __builtin_cpu_supports("avx2")) {
    run_avx2(filter, input, origin, output, from, to);
    return;
  }
#endif
  run_plain(filter, input, origin, output, from, to);
}

void sound_to_int16(const float *input, int16_t *output, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    float x = input[i] * 32768;
    x = x > 32767 ? 32767 : x < -32768 ? -32768 : x;
    // Adding and taking away 1.5 × 2^23 rounds to nearest, halves to even.
    output[i] = (int16_t)((x + 0x1.8p23f) - 0x1.8p23f);
  }
}
