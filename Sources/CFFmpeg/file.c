// One open file as the only source of bytes, and the packets in it.
//
// A playlist can carry any name, and its demuxer would open other files and hosts. So bytes come from one descriptor that is
// already open, or from a range of it, every wish to open another is refused, and only demuxers of single-file formats are used at all.

#include "internal.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { buffer_size = 64 << 10 };

static int read_bytes(void *opaque, uint8_t *buffer, int count) {
  media_file *file = opaque;
  int64_t left = file->size - file->position;
  if (left <= 0) return AVERROR_EOF;
  if (left < count) count = (int)left;
  for (;;) {
    ssize_t n = pread(file->descriptor, buffer, (size_t)count, file->offset + file->position);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return AVERROR(errno);
    file->position += n;
    return n == 0 ? AVERROR_EOF : (int)n;
  }
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence) {
  media_file *file = opaque;
  int64_t base = 0;
  switch (whence & ~AVSEEK_FORCE) {
  case AVSEEK_SIZE: return file->size;
  case SEEK_SET: break;
  case SEEK_CUR: base = file->position; break;
  case SEEK_END: base = file->size; break;
  default: return AVERROR(EINVAL);
  }
  int64_t target;
  if (__builtin_add_overflow(base, offset, &target) || target < 0) return AVERROR(EINVAL);
  return file->position = target;
}

static int refuse(AVFormatContext *context, AVIOContext **io, const char *url, int flags, AVDictionary **options) {
  (void)context, (void)url, (void)flags, (void)options;
  *io = NULL;
  return AVERROR(EPERM);
}

static int prepare_bytes(media_file *file) {
  uint8_t *buffer = av_malloc(buffer_size);
  if (!buffer) return AVERROR(ENOMEM);
  file->io = avio_alloc_context(buffer, buffer_size, 0, file, read_bytes, NULL, seek_bytes);
  if (!file->io) {
    av_free(buffer);
    return AVERROR(ENOMEM);
  }
  return 0;
}

enum { most_probed = 1 << 20 };

static int prepare(media_file *file, const char *formats, const char *decoders) {
  int result = prepare_bytes(file);
  if (result < 0) return result;
  AVFormatContext *context = avformat_alloc_context();
  if (!context) return AVERROR(ENOMEM);
  file->context = context;
  context->pb = file->io;
  context->io_open = refuse;
  context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  context->format_whitelist = av_strdup(formats);
  context->protocol_whitelist = av_strdup("none");
  if (!context->format_whitelist || !context->protocol_whitelist) return AVERROR(ENOMEM);
  if (decoders && !(context->codec_whitelist = av_strdup(decoders))) return AVERROR(ENOMEM);
  // Enough for any real file; a broken one must not be searched for minutes.
  context->probesize = 5 << 20;
  context->format_probesize = most_probed;
  context->max_analyze_duration = 5 * AV_TIME_BASE;
  context->max_probe_packets = 2500;
  context->max_streams = 64;
  context->skip_estimate_duration_from_pts = 1;
  return 0;
}

// Whether the header of this file contains everything that is needed to decode its audio, except for the start times of
// the streams: one audio stream of a codec whose parameters are in the header, at most one video stream, and a length.
static bool header_is_enough(const AVFormatContext *context) {
  const char *format = context->iformat->name;
  if (strcmp(format, "mov,mp4,m4a,3gp,3g2,mj2") && strcmp(format, "matroska,webm")) return false;
  if (context->duration == AV_NOPTS_VALUE || context->duration <= 0) return false;
  int audio = 0, video = 0;
  for (unsigned i = 0; i < context->nb_streams; i++) {
    const AVCodecParameters *p = context->streams[i]->codecpar;
    if (p->codec_type == AVMEDIA_TYPE_VIDEO) video++;
    if (p->codec_type != AVMEDIA_TYPE_AUDIO) continue;
    audio++;
    bool known = p->codec_id == AV_CODEC_ID_AAC || p->codec_id == AV_CODEC_ID_OPUS || p->codec_id == AV_CODEC_ID_FLAC;
    if (!known || !p->extradata_size || p->sample_rate <= 0 || p->ch_layout.nb_channels <= 0) return false;
  }
  return audio == 1 && video <= 1;
}

// Reads packets, and keeps them for `media_read`, until libav knows where audio and video start. False when they do not show
// up soon: then the full search is due, on a file opened anew.
static bool find_starts(media_file *file) {
  AVFormatContext *context = file->context;
  for (;;) {
    bool known = true;
    for (unsigned i = 0; i < context->nb_streams; i++) {
      const AVStream *stream = context->streams[i];
      enum AVMediaType type = stream->codecpar->codec_type;
      if (type != AVMEDIA_TYPE_AUDIO && type != AVMEDIA_TYPE_VIDEO) continue;
      known &= stream->start_time != AV_NOPTS_VALUE;
    }
    if (known) return true;
    if (file->kept == most_kept || !(file->packets[file->kept] = av_packet_alloc())) return false;
    if (av_read_frame(context, file->packets[file->kept]) < 0) return false;
    file->kept++;
  }
}

static void forget_packets(media_file *file) {
  for (int i = 0; i < most_kept; i++) av_packet_free(&file->packets[i]);
  file->kept = file->taken = 0;
}

static void shut(media_file *file) {
  forget_packets(file);
  avformat_close_input(&file->context);
  if (file->io) av_freep(&file->io->buffer);
  avio_context_free(&file->io);
  file->position = 0;
}

static int start(media_file *file, const char *formats, const char *decoders) {
  int result = prepare(file, formats, decoders);
  // The name is left out on purpose: its extension would change which demuxer wins.
  return result < 0 ? result : avformat_open_input(&file->context, "", NULL, NULL);
}

static media_file *make(media_source source) {
  media_file *file = av_mallocz(sizeof *file);
  if (file) file->descriptor = source.descriptor, file->offset = source.offset, file->size = source.size;
  return file;
}

int media_open_packets(media_source source, const char *formats, media_file **out) {
  *out = NULL;
  media_file *file = make(source);
  if (!file) return AVERROR(ENOMEM);
  int result = start(file, formats, NULL);
  if (result < 0) media_close(file);
  else *out = file;
  return result < 0 ? result : 0;
}

int media_open(media_source source, const char *formats, const char *decoders, bool only_audio, media_file **out) {
  *out = NULL;
  media_file *file = make(source);
  if (!file) return AVERROR(ENOMEM);
  int result = start(file, formats, decoders);
  bool done = false;
  // The full search decodes video frames to find out their format: a fifth of the work for a clip's audio.
  if (result >= 0 && only_audio && header_is_enough(file->context) && !(done = find_starts(file))) {
    shut(file);
    result = start(file, formats, decoders);
  }
  if (result >= 0 && !done) result = avformat_find_stream_info(file->context, NULL);
  if (result < 0) {
    media_close(file);
    return result;
  }
  *out = file;
  return 0;
}

void media_close(media_file *file) {
  if (!file) return;
  shut(file);
  av_free(file);
}

const char *media_probe(media_source source) {
  media_file *file = make(source);
  const AVInputFormat *format = NULL;
  if (file && prepare_bytes(file) >= 0) av_probe_input_buffer2(file->io, &format, "", NULL, 0, most_probed);
  media_close(file);
  return format ? format->name : NULL;
}

const char *media_format_name(const media_file *file) { return file->context->iformat->name; }

int64_t media_duration(const media_file *file) {
  int64_t duration = file->context->duration;
  return duration == AV_NOPTS_VALUE || duration <= 0 ? MEDIA_NO_TIME : duration;
}

int media_stream_count(const media_file *file) { return (int)file->context->nb_streams; }

// WAV may keep samples in more bytes than they have bits: libav takes 24 of 32 bits for floating point, and of others reads too few
// bytes each.
static bool is_misread(const AVFormatContext *context, const AVCodecParameters *p) {
  const char *format = context->iformat->name;
  if (p->codec_type != AVMEDIA_TYPE_AUDIO || (strcmp(format, "wav") && strcmp(format, "w64"))) return false;
  if (p->codec_id == AV_CODEC_ID_PCM_F24LE || p->codec_id == AV_CODEC_ID_PCM_F16LE) return true;
  if (p->codec_id < AV_CODEC_ID_FIRST_AUDIO || p->codec_id >= AV_CODEC_ID_ADPCM_IMA_QT) return false;
  int bits = av_get_exact_bits_per_sample(p->codec_id);
  return bits > 0 && p->block_align > 0 && p->block_align * 8 != bits * p->ch_layout.nb_channels;
}

void media_stream_facts(const media_file *file, int index, media_stream *facts) {
  const AVStream *stream = file->context->streams[index];
  const AVCodecParameters *parameters = stream->codecpar;
  const AVCodec *decoder = avcodec_find_decoder(parameters->codec_id);
  *facts = (media_stream){
      .kind = parameters->codec_type == AVMEDIA_TYPE_AUDIO   ? MEDIA_KIND_AUDIO
              : parameters->codec_type == AVMEDIA_TYPE_VIDEO ? MEDIA_KIND_VIDEO
                                                             : MEDIA_KIND_OTHER,
      .is_default = stream->disposition & AV_DISPOSITION_DEFAULT,
      .is_attached_picture = stream->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS),
      .has_decoder = decoder && media_allows(file, decoder),
      .is_left_out = decoder && !media_allows(file, decoder),
      .is_misread = is_misread(file->context, parameters),
      .codec = avcodec_get_name(parameters->codec_id),
      .start = media_time(stream->start_time),
      .base_numerator = stream->time_base.num,
      .base_denominator = stream->time_base.den,
      .rate_numerator = stream->avg_frame_rate.den > 0 ? stream->avg_frame_rate.num : 0,
      .rate_denominator = stream->avg_frame_rate.den,
      .sample_rate = parameters->sample_rate,
      .channels = parameters->ch_layout.nb_channels,
      .width = parameters->width,
      .height = parameters->height,
  };
}

int media_best_stream(const media_file *file, int kind) {
  enum AVMediaType type = kind == MEDIA_KIND_AUDIO ? AVMEDIA_TYPE_AUDIO : AVMEDIA_TYPE_VIDEO;
  return av_find_best_stream(file->context, type, -1, -1, NULL, 0);
}

void media_select_streams(media_file *file, int index, int other) {
  for (unsigned i = 0; i < file->context->nb_streams; i++)
    file->context->streams[i]->discard = (int)i == index || (int)i == other ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
}

int media_seek(media_file *file, int stream, int64_t time) {
  forget_packets(file);
  return av_seek_frame(file->context, stream, time, AVSEEK_FLAG_BACKWARD);
}

int media_seek_part(media_file *file, int part, int parts) {
  forget_packets(file);
  int64_t place = (int64_t)((double)file->size * part / parts);
  int result = av_seek_frame(file->context, -1, place, AVSEEK_FLAG_BYTE);
  return result < 0 ? result : 0;
}

media_packet *media_packet_make(void) {
  media_packet *packet = av_mallocz(sizeof *packet);
  if (packet && !(packet->packet = av_packet_alloc())) av_freep(&packet);
  return packet;
}

void media_packet_free(media_packet *packet) {
  if (!packet) return;
  av_packet_free(&packet->packet);
  av_free(packet);
}

int media_read(media_file *file, media_packet *packet) {
  av_packet_unref(packet->packet);
  if (file->taken < file->kept) {
    av_packet_move_ref(packet->packet, file->packets[file->taken++]);
    return 0;
  }
  int result = av_read_frame(file->context, packet->packet);
  if (result == AVERROR_EOF) return MEDIA_END;
  if (result == AVERROR(EAGAIN)) return MEDIA_AGAIN;
  return result < 0 ? result : 0;
}

void media_packet_shift(media_packet *handle, int64_t time) {
  AVPacket *packet = handle->packet;
  int64_t moved;
  if (packet->pts != AV_NOPTS_VALUE && !__builtin_add_overflow(packet->pts, time, &moved)) packet->pts = moved;
  if (packet->dts != AV_NOPTS_VALUE && !__builtin_add_overflow(packet->dts, time, &moved)) packet->dts = moved;
}

void media_packet_move(media_packet *to, media_packet *from) {
  av_packet_unref(to->packet);
  av_packet_move_ref(to->packet, from->packet);
}

void media_packet_describe(const media_packet *packet, media_packet_facts *facts) {
  const AVPacket *p = packet->packet;
  *facts = (media_packet_facts){.stream = p->stream_index,
                                .presented = media_time(p->pts),
                                .decoded = media_time(p->dts),
                                .duration = p->duration > 0 ? p->duration : 0,
                                .is_key = p->flags & AV_PKT_FLAG_KEY,
                                .is_discarded = p->flags & AV_PKT_FLAG_DISCARD,
                                .size = p->size > 0 ? (size_t)p->size : 0};
}
