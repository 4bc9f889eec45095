// Decodes one JPEG or PNG image to pixels. For PNG, they are those of libpng. For JPEG, they are those of
// libjpeg-turbo, except for about one value in eighty, which libav's integer inverse transform (a form of the IJG's
// "slow" one) rounds to a neighboring value. The steps after the transform, the smooth upsampling of color planes and
// the conversion to RGB, are done here with libjpeg-turbo's integer arithmetic.

#include "internal.h"
#include <string.h>

static const AVCodec *codec_of(const uint8_t *bytes, size_t count) {
  if (count > 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff) return avcodec_find_decoder(AV_CODEC_ID_MJPEG);
  if (count > 8 && !memcmp(bytes, "\x89PNG\r\n\x1a\n", 8)) return avcodec_find_decoder(AV_CODEC_ID_PNG);
  return NULL;
}

static int decode(const uint8_t *bytes, size_t count, int64_t most_pixels, AVFrame *frame) {
  const AVCodec *codec = codec_of(bytes, count);
  if (!codec || count > INT32_MAX / 2) return AVERROR_INVALIDDATA;
  AVCodecContext *context = avcodec_alloc_context3(codec);
  AVPacket *packet = av_packet_alloc();
  int result = context && packet ? av_new_packet(packet, (int)count) : AVERROR(ENOMEM);
  if (result >= 0) {
    memcpy(packet->data, bytes, count);
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_BITEXACT;
    context->idct_algo = FF_IDCT_INT;
    context->max_pixels = most_pixels;
    context->err_recognition = AV_EF_EXPLODE;
    result = avcodec_open2(context, codec, NULL);
  }
  if (result >= 0) result = avcodec_send_packet(context, packet);
  if (result >= 0) result = avcodec_send_packet(context, NULL);
  if (result >= 0) result = avcodec_receive_frame(context, frame);
  av_packet_free(&packet);
  avcodec_free_context(&context);
  return result;
}

static uint8_t clamped(int x) { return x < 0 ? 0 : x > 255 ? 255 : (uint8_t)x; }

// Enlarges one row of a color plane to twice its width: each value is three parts of the nearer value and one part of
// the farther one, rounded down and up in turn. With `other`, the row above or below, both directions are done at once.
static void enlarge(const uint8_t *row, const uint8_t *other, int columns, int width, uint8_t *out) {
  if (columns <= 2) {
    for (int x = 0; x < width; x++) {
      int at = x / 2 < columns ? x / 2 : columns - 1;
      out[x] = other ? (uint8_t)((row[at] * 3 + other[at] + 2) >> 2) : row[at];
    }
    return;
  }
  for (int x = 0; x < width; x++) {
    int at = x / 2, odd = x & 1, near = odd ? at + 1 : at - 1;
    int outside = near < 0 || near >= columns;
    if (!other) {
      out[x] = outside ? row[at] : (uint8_t)((row[at] * 3 + row[near] + (odd ? 2 : 1)) >> 2);
      continue;
    }
    int here = row[at] * 3 + other[at], there = outside ? here : row[near] * 3 + other[near];
    out[x] = (uint8_t)((here * 3 + there + (odd ? 7 : 8)) >> 4);
  }
}

static int to_rgb(const AVFrame *frame, int across, int down, uint8_t *pixels) {
  int width = frame->width, height = frame->height, columns = (width + across - 1) / across, rows = (height + down - 1) / down;
  uint8_t *chroma = av_malloc(2 * (size_t)width + 64);
  if (!chroma) return AVERROR(ENOMEM);
  for (int y = 0; y < height; y++) {
    for (int plane = 1; plane < 3; plane++) {
      uint8_t *out = chroma + (plane - 1) * (size_t)width;
      int at = y / down, near = y & 1 ? at + 1 : at - 1;
      if (near < 0) near = 0;
      if (near >= rows) near = rows - 1;
      const uint8_t *row = frame->data[plane] + (ptrdiff_t)at * frame->linesize[plane];
      const uint8_t *other = frame->data[plane] + (ptrdiff_t)near * frame->linesize[plane];
      if (across == 1 && down == 1)
        memcpy(out, row, (size_t)width);
      else
        enlarge(row, down == 2 ? other : NULL, columns, width, out);
    }
    const uint8_t *luma = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
    uint8_t *to = pixels + (size_t)y * width * 3;
    for (int x = 0; x < width; x++) {
      int blue = chroma[x] - 128, red = chroma[width + x] - 128;
      to[3 * x] = clamped(luma[x] + ((91881 * red + 32768) >> 16));
      to[3 * x + 1] = clamped(luma[x] + ((-22554 * blue - 46802 * red + 32768) >> 16));
      to[3 * x + 2] = clamped(luma[x] + ((116130 * blue + 32768) >> 16));
    }
  }
  av_free(chroma);
  return 0;
}

// Rows of `channels` bytes a pixel, one behind another.
static int copy_rows(const AVFrame *frame, int channels, uint8_t *pixels) {
  for (int y = 0; y < frame->height; y++)
    memcpy(pixels + (size_t)y * frame->width * channels, frame->data[0] + (ptrdiff_t)y * frame->linesize[0], (size_t)frame->width * channels);
  return 0;
}

static int spread_grey(const AVFrame *frame, uint8_t *pixels) {
  for (int y = 0; y < frame->height; y++)
    for (int x = 0; x < frame->width; x++)
      memset(pixels + ((size_t)y * frame->width + x) * 3, frame->data[0][(ptrdiff_t)y * frame->linesize[0] + x], 3);
  return 0;
}

static int look_up(const AVFrame *frame, uint8_t *pixels) {
  for (int y = 0; y < frame->height; y++)
    for (int x = 0; x < frame->width; x++) {
      uint32_t colour;
      memcpy(&colour, frame->data[1] + 4 * frame->data[0][(ptrdiff_t)y * frame->linesize[0] + x], 4);
      uint8_t *to = pixels + ((size_t)y * frame->width + x) * 3;
      to[0] = colour >> 16 & 255, to[1] = colour >> 8 & 255, to[2] = colour & 255;
    }
  return 0;
}

static int fill(const AVFrame *frame, media_bitmap *bitmap) {
  switch (frame->format) {
  case AV_PIX_FMT_YUVJ420P: return to_rgb(frame, 2, 2, bitmap->pixels);
  case AV_PIX_FMT_YUVJ422P: return to_rgb(frame, 2, 1, bitmap->pixels);
  case AV_PIX_FMT_YUVJ444P: return to_rgb(frame, 1, 1, bitmap->pixels);
  case AV_PIX_FMT_GRAY8: return spread_grey(frame, bitmap->pixels);
  case AV_PIX_FMT_PAL8: return look_up(frame, bitmap->pixels);
  case AV_PIX_FMT_RGB24:
  case AV_PIX_FMT_RGBA: return copy_rows(frame, bitmap->channels, bitmap->pixels);
  default: return AVERROR_PATCHWELCOME;
  }
}

int media_bitmap_decode(const uint8_t *bytes, size_t count, int64_t most_pixels, media_bitmap *bitmap) {
  memset(bitmap, 0, sizeof *bitmap);
  AVFrame *frame = av_frame_alloc();
  int result = frame ? decode(bytes, count, most_pixels, frame) : AVERROR(ENOMEM);
  if (result >= 0 && (frame->decode_error_flags || frame->flags & AV_FRAME_FLAG_CORRUPT)) result = AVERROR_INVALIDDATA;
  if (result >= 0) {
    bitmap->width = frame->width, bitmap->height = frame->height;
    bitmap->channels = frame->format == AV_PIX_FMT_RGBA ? 4 : 3;
    bitmap->is_palette = frame->format == AV_PIX_FMT_PAL8;
    bitmap->pixels = av_malloc((size_t)frame->width * frame->height * bitmap->channels);
    result = bitmap->pixels ? fill(frame, bitmap) : AVERROR(ENOMEM);
  }
  av_frame_free(&frame);
  if (result < 0) media_bitmap_free(bitmap);
  return result < 0 ? result : 0;
}

void media_bitmap_free(media_bitmap *bitmap) { av_freep(&bitmap->pixels); }
