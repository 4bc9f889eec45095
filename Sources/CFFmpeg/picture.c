// Converts decoded frames to small upright JPEG files, with the same bytes on every CPU.

#include "internal.h"
#include <libavutil/cpu.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <string.h>

void media_display_shape(const media_file *file, int index, const media_frame *handle, media_shape *shape) {
  AVStream *stream = file->context->streams[index];
  AVFrame *frame = handle->frame;
  int width = frame->width, height = frame->height;
  AVRational pixel = av_guess_sample_aspect_ratio(file->context, stream, frame);
  double ratio = pixel.num > 0 && pixel.den > 0 ? av_q2d(pixel) : 1;
  // Beyond this a ratio is damage, not a lens.
  if (ratio >= 1.0 / 16 && ratio <= 16 && width * ratio <= 65536) width = (int)lrint(width * ratio);
  *shape = (media_shape){.width = width < 1 ? 1 : width, .height = height};

  size_t size = 0;
  const AVFrameSideData *own = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
  const uint8_t *data = own ? own->data : av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (own) size = own->size;
  if (!data || size < 9 * sizeof(int32_t)) return;
  int32_t m[9];
  memcpy(m, data, sizeof m);
  // (x, y) is shown at (m0·x + m3·y, m1·x + m4·y). Only quarter turns and mirrors; other angles stay as they are.
  if (m[1] == 0 && m[3] == 0) {
    shape->flips_x = m[0] < 0;
    shape->flips_y = m[4] < 0;
  } else if (m[0] == 0 && m[4] == 0) {
    shape->swaps_axes = true;
    shape->flips_x = m[3] < 0;
    shape->flips_y = m[1] < 0;
    shape->width = height;
    shape->height = width;
  }
}

struct media_scaler {
  struct SwsContext *context;
  AVFrame *upright;  // the scaled frame before it is rotated
  int width, height, format, matrix, full, to_width, to_height;
};

media_scaler *media_scaler_make(void) {
  media_scaler *scaler = av_mallocz(sizeof *scaler);
  if (scaler && !(scaler->upright = av_frame_alloc())) av_freep(&scaler);
  return scaler;
}

void media_scaler_free(media_scaler *scaler) {
  if (!scaler) return;
  sws_freeContext(scaler->context);
  av_frame_free(&scaler->upright);
  av_free(scaler);
}

// Formats whose full range is in their name, as swscale wants them: the plain name and a flag.
static enum AVPixelFormat plain(enum AVPixelFormat format, int *full) {
  switch (format) {
  case AV_PIX_FMT_YUVJ420P: *full = 1; return AV_PIX_FMT_YUV420P;
  case AV_PIX_FMT_YUVJ422P: *full = 1; return AV_PIX_FMT_YUV422P;
  case AV_PIX_FMT_YUVJ444P: *full = 1; return AV_PIX_FMT_YUV444P;
  case AV_PIX_FMT_YUVJ440P: *full = 1; return AV_PIX_FMT_YUV440P;
  case AV_PIX_FMT_YUVJ411P: *full = 1; return AV_PIX_FMT_YUV411P;
  default: return format;
  }
}

static int matrix_of(const AVFrame *frame) {
  switch (frame->colorspace) {
  case AVCOL_SPC_BT709: return SWS_CS_ITU709;
  case AVCOL_SPC_FCC: return SWS_CS_FCC;
  case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
  case AVCOL_SPC_BT2020_NCL:
  case AVCOL_SPC_BT2020_CL: return SWS_CS_BT2020;
  default: return SWS_CS_ITU601;
  }
}

static int picture_buffer(AVFrame *frame, int width, int height) {
  av_frame_unref(frame);
  frame->format = AV_PIX_FMT_YUVJ420P;
  frame->width = width;
  frame->height = height;
  frame->color_range = AVCOL_RANGE_JPEG;
  return av_frame_get_buffer(frame, 64);
}

static int set_up(media_scaler *s, const AVFrame *frame, int width, int height) {
  int full = frame->color_range == AVCOL_RANGE_JPEG;
  enum AVPixelFormat format = plain(frame->format, &full);
  int matrix = matrix_of(frame);
  if (s->context && s->width == frame->width && s->height == frame->height && s->format == format && s->matrix == matrix &&
      s->full == full && s->to_width == width && s->to_height == height)
    return 0;
  sws_freeContext(s->context);
  s->context = NULL;
  const AVPixFmtDescriptor *kind = av_pix_fmt_desc_get(format);
  if (!kind || (kind->flags & AV_PIX_FMT_FLAG_HWACCEL)) return AVERROR(ENOSYS);
  // For plain 8-bit 4:2:0 without a change of the color matrix, swscale's vector code is exact. For other formats that
  // is not guaranteed, so its plain C code is used.
  int allowed = av_get_cpu_flags();
  bool exact = format == AV_PIX_FMT_YUV420P && matrix == SWS_CS_ITU601;
  if (!exact) av_force_cpu_flags(0);
  s->context = sws_alloc_context();
  int result = s->context ? 0 : AVERROR(ENOMEM);
  if (s->context) {
    // The ranges before the start: given later, they are forgotten for sources of more than 8 bits.
    av_opt_set_int(s->context, "srcw", frame->width, 0);
    av_opt_set_int(s->context, "srch", frame->height, 0);
    av_opt_set_int(s->context, "src_format", format, 0);
    av_opt_set_int(s->context, "src_range", full, 0);
    av_opt_set_int(s->context, "dstw", width, 0);
    av_opt_set_int(s->context, "dsth", height, 0);
    av_opt_set_int(s->context, "dst_format", AV_PIX_FMT_YUV420P, 0);
    av_opt_set_int(s->context, "dst_range", 1, 0);
    av_opt_set_int(s->context, "sws_flags", SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT, 0);
    result = sws_init_context(s->context, NULL, NULL);
    // Negative only where neither side is YUV: then there is nothing to set.
    if (result >= 0)
      sws_setColorspaceDetails(s->context, sws_getCoefficients(matrix), full, sws_getCoefficients(SWS_CS_ITU601), 1, 0,
                               1 << 16, 1 << 16);
  }
  if (!exact) av_force_cpu_flags(allowed);
  s->width = frame->width, s->height = frame->height, s->format = format, s->matrix = matrix, s->full = full;
  s->to_width = width, s->to_height = height;
  return result;
}

static void turn(const AVFrame *from, AVFrame *to, const media_shape *shape) {
  for (int plane = 0; plane < 3; plane++) {
    int width = plane ? to->width / 2 : to->width, height = plane ? to->height / 2 : to->height;
    for (int y = 0; y < height; y++) {
      uint8_t *row = to->data[plane] + (ptrdiff_t)y * to->linesize[plane];
      for (int x = 0; x < width; x++) {
        int sx = shape->flips_x ? width - 1 - x : x, sy = shape->flips_y ? height - 1 - y : y;
        row[x] = shape->swaps_axes ? from->data[plane][(ptrdiff_t)sx * from->linesize[plane] + sy]
                                   : from->data[plane][(ptrdiff_t)sy * from->linesize[plane] + sx];
      }
    }
  }
}

int media_scale(media_scaler *scaler, const media_frame *handle, const media_shape *shape, int width, int height,
                media_frame *picture) {
  const AVFrame *frame = handle->frame;
  bool turned = shape->swaps_axes || shape->flips_x || shape->flips_y;
  int scaled_width = shape->swaps_axes ? height : width, scaled_height = shape->swaps_axes ? width : height;
  AVFrame *target = turned ? scaler->upright : picture->frame;
  int result = set_up(scaler, frame, scaled_width, scaled_height);
  if (result >= 0) result = picture_buffer(target, scaled_width, scaled_height);
  if (result < 0) return result;
  result = sws_scale(scaler->context, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, target->data,
                     target->linesize);
  if (result < 0) return result;
  if (!turned) return 0;
  result = picture_buffer(picture->frame, width, height);
  if (result >= 0) turn(target, picture->frame, shape);
  return result < 0 ? result : 0;
}

const uint8_t *media_luma(const media_frame *picture, int *stride) {
  *stride = picture->frame->linesize[0];
  return picture->frame->data[0];
}

struct media_jpeg_encoder {
  AVCodecContext *context;
  AVPacket *packet;
  int64_t count;
};

media_jpeg_encoder *media_jpeg_encoder_make(int width, int height, int quantiser) {
  const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  media_jpeg_encoder *encoder = av_mallocz(sizeof *encoder);
  if (!encoder || !codec) {
    av_free(encoder);
    return NULL;
  }
  encoder->packet = av_packet_alloc();
  AVCodecContext *context = encoder->context = avcodec_alloc_context3(codec);
  if (context) {
    context->width = width;
    context->height = height;
    context->pix_fmt = AV_PIX_FMT_YUVJ420P;
    context->color_range = AVCOL_RANGE_JPEG;
    context->time_base = (AVRational){1, 25};
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    context->global_quality = quantiser * FF_QP2LAMBDA;
    context->dct_algo = FF_DCT_INT;
  }
  if (!context || !encoder->packet || avcodec_open2(context, codec, NULL) < 0) {
    media_jpeg_encoder_free(encoder);
    return NULL;
  }
  return encoder;
}

void media_jpeg_encoder_free(media_jpeg_encoder *encoder) {
  if (!encoder) return;
  avcodec_free_context(&encoder->context);
  av_packet_free(&encoder->packet);
  av_free(encoder);
}

int media_jpeg_encode(media_jpeg_encoder *encoder, media_frame *picture, const uint8_t **bytes, size_t *count) {
  AVFrame *frame = picture->frame;
  frame->quality = encoder->context->global_quality;
  frame->pts = encoder->count++;
  frame->pict_type = AV_PICTURE_TYPE_NONE;
  av_packet_unref(encoder->packet);
  int result = avcodec_send_frame(encoder->context, frame);
  if (result >= 0) result = avcodec_receive_packet(encoder->context, encoder->packet);
  if (result < 0) return result;
  *bytes = encoder->packet->data;
  *count = (size_t)encoder->packet->size;
  return 0;
}
