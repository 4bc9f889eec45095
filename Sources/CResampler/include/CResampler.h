// One channel of audio from one sample rate to another, and what else audio needs per sample. Plain arithmetic in a fixed order:
// the same bytes on every CPU, with every vector width.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct resampler resampler;

// The filter for a pair of rates (each 1 Hz … 768 kHz); NULL without memory. Needs a few milliseconds: keep it.
resampler *resampler_make(int rate_in, int rate_out);
void resampler_free(resampler *filter);
// For tests: only instructions that every CPU of this kind has.
void resampler_use_plain(resampler *filter, bool plain);
// How many input samples on each side of its time an output sample depends on.
int resampler_reach(const resampler *filter);
// Adds to output[n], 0 <= n < count, the audio at input position `origin` + n × rate_in / rate_out. Where the filter reaches
// outside [0, input_count) the output stays as it was.
void resampler_add(const resampler *filter, const float *input, int64_t input_count, int64_t origin, float *output,
                   int64_t count);

// Full scale 1 to 16 bit: rounded to nearest, halves to even, clipped.
void sound_to_int16(const float *input, int16_t *output, int64_t count);
