// What the .c files of this target share: the handles behind the opaque names.
#pragma once
#include "CFFmpeg.h"
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>

enum { most_kept = 512 };

struct media_file {
  AVFormatContext *context;
  AVIOContext *io;
  int descriptor;
  // Where the bytes begin in the descriptor's file, how many there are, and the next one to read.
  int64_t offset, size, position;
  // Read to learn where the streams start, and not yet given out: [taken, kept).
  AVPacket *packets[most_kept];
  int kept, taken;
};
// Whether a decoder is among those that the file may be decoded with.
static inline bool media_allows(const media_file *file, const AVCodec *codec) {
  const char *list = file->context->codec_whitelist;
  return !list || av_match_list(codec->name, list, ',') > 0;
}
struct media_packet { AVPacket *packet; };
struct media_frame { AVFrame *frame; };
struct media_decoder { AVCodecContext *context; };

static inline int64_t media_time(int64_t value) { return value == AV_NOPTS_VALUE ? MEDIA_NO_TIME : value; }
