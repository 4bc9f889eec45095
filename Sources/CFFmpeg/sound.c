// Converts samples of any format to one channel of floats.
//
// Written so that the result is the same on every CPU: each sample is computed separately, channels are added in order,
// sums have eight parts for any register size, and nothing is fused.

#include "internal.h"
#include <libavutil/channel_layout.h>
#include <float.h>
#include <math.h>

#pragma STDC FP_CONTRACT OFF

// One channel of a frame: its first sample and the distance to the next, in samples.
typedef struct { const uint8_t *start; int step; } channel_view;

static channel_view view(const AVFrame *frame, int channel) {
  bool planar = av_sample_fmt_is_planar(frame->format);
  int size = av_get_bytes_per_sample(frame->format);
  return planar ? (channel_view){frame->extended_data[channel], 1}
                : (channel_view){frame->extended_data[0] + (size_t)size * channel, frame->ch_layout.nb_channels};
}

// The loop is written twice, so that the compiler vectorizes the common case of step 1.
#define CONVERT(type, expression)                                                                                       \
  {                                                                                                                     \
    const type *in = (const type *)v.start + (size_t)from * v.step;                                                     \
    if (v.step == 1)                                                                                                    \
      for (int i = 0; i < count; i++) {                                                                                 \
        type x = in[i];                                                                                                 \
        out[i] = (float)(expression);                                                                                   \
      }                                                                                                                 \
    else                                                                                                                \
      for (int i = 0; i < count; i++) {                                                                                 \
        type x = in[(size_t)i * v.step];                                                                                \
        out[i] = (float)(expression);                                                                                   \
      }                                                                                                                 \
    return 0;                                                                                                           \
  }

static int convert(channel_view v, enum AVSampleFormat format, int from, int count, float *restrict out) {
  switch (av_get_packed_sample_fmt(format)) {
  case AV_SAMPLE_FMT_U8: CONVERT(uint8_t, (x - 128) * 0x1p-7f)
  case AV_SAMPLE_FMT_S16: CONVERT(int16_t, x * 0x1p-15f)
  case AV_SAMPLE_FMT_S32: CONVERT(int32_t, x * 0x1p-31)
  case AV_SAMPLE_FMT_S64: CONVERT(int64_t, x * 0x1p-63)
  case AV_SAMPLE_FMT_FLT: CONVERT(float, fabsf(x) <= FLT_MAX ? x : 0)
  case AV_SAMPLE_FMT_DBL: CONVERT(double, isfinite(x) && fabs(x) < 1e30 ? x : 0)
  default: return AVERROR(ENOSYS);
  }
}

static double energy(const float *samples, int count) {
  double sums[8] = {0};
  int i = 0;
  for (; i + 8 <= count; i += 8)
    for (int k = 0; k < 8; k++) sums[k] += (double)samples[i + k] * samples[i + k];
  for (; i < count; i++) sums[i % 8] += (double)samples[i] * samples[i];
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

// The index of the low-frequency channel, or -1. A layout without names is taken as the usual one of that many channels.
static int low_frequency(const AVChannelLayout *layout) {
  AVChannelLayout usual = {0};
  if (layout->order == AV_CHANNEL_ORDER_UNSPEC) {
    av_channel_layout_default(&usual, layout->nb_channels);
    layout = &usual;
  }
  int index = av_channel_layout_index_from_channel(layout, AV_CHAN_LOW_FREQUENCY);
  av_channel_layout_uninit(&usual);
  return index;
}

int media_mix(const media_frame *handle, int from, int count, float *mean, float *first, double *mean_energy,
              double energies[MEDIA_MOST_CHANNELS]) {
  const AVFrame *frame = handle->frame;
  int channels = frame->ch_layout.nb_channels;
  if (channels < 1 || from < 0 || count < 0 || from + count > frame->nb_samples) return AVERROR(EINVAL);
  if (channels > MEDIA_MOST_CHANNELS) return AVERROR(ENOSYS);
  int left_out = channels > 1 ? low_frequency(&frame->ch_layout) : -1;
  float *scratch = av_malloc_array((size_t)count + 1, sizeof *scratch);
  if (!scratch) return AVERROR(ENOMEM);
  int mixed = 0, result = 0;
  for (int channel = 0; channel < channels && result >= 0; channel++) {
    if (channel == left_out) continue;
    float *target = mixed == 0 ? first : scratch;
    result = convert(view(frame, channel), frame->format, from, count, target);
    if (result < 0) break;
    energies[channel] += energy(target, count);
    if (mixed++ == 0)
      for (int i = 0; i < count; i++) mean[i] = target[i];
    else
      for (int i = 0; i < count; i++) mean[i] += target[i];
  }
  av_free(scratch);
  if (result < 0) return result;
  if (mixed > 1) {
    float divisor = (float)mixed;
    for (int i = 0; i < count; i++) mean[i] /= divisor;
  }
  *mean_energy += energy(mean, count);
  return 0;
}
