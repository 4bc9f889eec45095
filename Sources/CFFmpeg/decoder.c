// One stream's decoder: one thread, bit-exact modes, packets in and frames out.

#include "internal.h"

int media_decoder_open(const media_file *file, int index, media_decoder **out) {
  *out = NULL;
  const AVStream *stream = file->context->streams[index];
  const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
  if (!codec || !media_allows(file, codec)) return AVERROR_DECODER_NOT_FOUND;
  media_decoder *decoder = av_mallocz(sizeof *decoder);
  if (!decoder) return AVERROR(ENOMEM);
  AVCodecContext *context = decoder->context = avcodec_alloc_context3(codec);
  int result = context ? avcodec_parameters_to_context(context, stream->codecpar) : AVERROR(ENOMEM);
  if (result >= 0) {
    context->thread_count = 1;
    context->pkt_timebase = stream->time_base;
    context->flags |= AV_CODEC_FLAG_BITEXACT;
    context->max_pixels = (int64_t)16384 * 16384;
    result = avcodec_open2(context, codec, NULL);
  }
  if (result < 0) {
    media_decoder_close(decoder);
    return result;
  }
  *out = decoder;
  return 0;
}

void media_decoder_close(media_decoder *decoder) {
  if (!decoder) return;
  avcodec_free_context(&decoder->context);
  av_free(decoder);
}

int media_decoder_send(media_decoder *decoder, const media_packet *packet) {
  int result = avcodec_send_packet(decoder->context, packet ? packet->packet : NULL);
  if (result == AVERROR_EOF) return MEDIA_END;
  if (result == AVERROR(EAGAIN)) return MEDIA_AGAIN;
  return result < 0 ? result : 0;
}

int media_decoder_receive(media_decoder *decoder, media_frame *frame) {
  int result = avcodec_receive_frame(decoder->context, frame->frame);
  if (result == AVERROR_EOF) return MEDIA_END;
  if (result == AVERROR(EAGAIN)) return MEDIA_AGAIN;
  return result < 0 ? result : 0;
}

int media_decoder_reordering(const media_decoder *decoder) {
  int count = decoder->context->has_b_frames;
  return count < 0 ? 0 : count > 16 ? 16 : count;
}

void media_decoder_flush(media_decoder *decoder) { avcodec_flush_buffers(decoder->context); }

media_frame *media_frame_make(void) {
  media_frame *frame = av_mallocz(sizeof *frame);
  if (frame && !(frame->frame = av_frame_alloc())) av_freep(&frame);
  return frame;
}

void media_frame_free(media_frame *frame) {
  if (!frame) return;
  av_frame_free(&frame->frame);
  av_free(frame);
}

void media_frame_move(media_frame *to, media_frame *from) {
  av_frame_unref(to->frame);
  av_frame_move_ref(to->frame, from->frame);
}

void media_frame_describe(const media_frame *frame, media_frame_facts *facts) {
  const AVFrame *f = frame->frame;
  *facts = (media_frame_facts){
      // The best effort differs from the frame's own time only where that is missing or runs backwards.
      .presented = media_time(f->pts != AV_NOPTS_VALUE ? f->pts : f->best_effort_timestamp),
      .duration = f->pkt_duration > 0 ? f->pkt_duration : 0,
      .is_damaged = f->decode_error_flags || (f->flags & AV_FRAME_FLAG_CORRUPT),
      .samples = f->nb_samples,
      .sample_rate = f->sample_rate,
      .channels = f->ch_layout.nb_channels,
      .width = f->width,
      .height = f->height,
  };
}

const uint8_t *media_plane(const media_frame *frame, int plane, int *stride) {
  if (plane < 0 || plane >= AV_NUM_DATA_POINTERS) return NULL;
  *stride = frame->frame->linesize[plane];
  return frame->frame->data[plane];
}
