// The libraries in general: versions, messages, error texts, and the vector instructions that they use.

#include "internal.h"
#include <iconv.h>
#include <libavutil/cpu.h>
#include <libswscale/swscale.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

bool media_is_out_of_memory(int result) { return result == AVERROR(ENOMEM); }

void media_describe_error(int result, char *text, size_t capacity) {
  if (!capacity) return;
  text[0] = 0;
  av_strerror(result, text, capacity);
}

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static int log_errors;
static char log_last[256];

// Kept without libav's prefix: it holds an address, and evidence must be the same on every run.
static void keep(void *source, int level, const char *format, va_list arguments) {
  (void)source;
  if (level > AV_LOG_ERROR) return;
  char line[sizeof log_last];
  vsnprintf(line, sizeof line, format, arguments);
  size_t count = 0;
  for (char *c = line; *c; c++) {
    if (*c == '\n' || *c == '\r') continue;
    line[count++] = (unsigned char)*c < 0x20 || (unsigned char)*c > 0x7E ? '?' : *c;
  }
  line[count] = 0;
  if (!count) return;
  pthread_mutex_lock(&log_lock);
  log_errors++;
  memcpy(log_last, line, count + 1);
  pthread_mutex_unlock(&log_lock);
}

void media_log_begin(void) {
  pthread_mutex_lock(&log_lock);
  log_errors = 0;
  log_last[0] = 0;
  pthread_mutex_unlock(&log_lock);
  av_log_set_callback(keep);
}

int media_log_errors(char *last, size_t capacity) {
  pthread_mutex_lock(&log_lock);
  int count = log_errors;
  if (capacity) snprintf(last, capacity, "%s", log_last);
  pthread_mutex_unlock(&log_lock);
  return count;
}

void media_use_cpu_flags(int flags) {
  av_force_cpu_flags(-1);
  // Asking for what this CPU lacks would end the process.
  if (flags >= 0) av_force_cpu_flags(flags & av_get_cpu_flags());
}

int media_cpu_flags_up_to_avx2(void) {
  unsigned flags = 0;
  return av_parse_cpu_caps(&flags, "avx2+fma3+bmi2") < 0 ? 0 : (int)flags;
}

void media_keep_freed_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_ARENA_MAX, 1);
#endif
}

void media_library_version(const char *library, char *text, size_t capacity) {
  unsigned version = 0;
  if (!strcmp(library, "avformat")) version = avformat_version();
  else if (!strcmp(library, "avcodec")) version = avcodec_version();
  else if (!strcmp(library, "avutil")) version = avutil_version();
  else if (!strcmp(library, "swscale")) version = swscale_version();
  if (version) snprintf(text, capacity, "%u.%u.%u", version >> 16, version >> 8 & 255, version & 255);
  else if (capacity) text[0] = 0;
}

const char *media_release(void) { return av_version_info(); }

const char *media_configuration(void) { return avcodec_configuration(); }

bool media_has_demuxer(const char *name) { return av_find_input_format(name) != NULL; }

bool media_has_decoder(const char *name) { return avcodec_find_decoder_by_name(name) != NULL; }

int media_decoder_count(void) {
  int count = 0;
  void *state = NULL;
  const AVCodec *codec;
  while ((codec = av_codec_iterate(&state)))
    count += av_codec_is_decoder(codec) && (codec->type == AVMEDIA_TYPE_AUDIO || codec->type == AVMEDIA_TYPE_VIDEO);
  return count;
}

void media_open_what_opens_late(void) {
  tzset();
  // Those that DVB allows, by the names that libavformat's mpegts.c gives them. Each stays open: the C library keeps what is in use.
  static const char *const others[] = {"ISO6937", "UCS-2BE", "KSC_5601", "GB2312", "UTF-8"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) (void)iconv_open("UTF-8", others[i]);
  for (int part = 1; part <= 16; part++) {
    char name[16];
    snprintf(name, sizeof name, "ISO-8859-%d", part);
    (void)iconv_open("UTF-8", name);
  }
}
