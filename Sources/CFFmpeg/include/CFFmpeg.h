// FFmpeg in the shape this project needs, without one FFmpeg type in sight: Swift sees plain structs and opaque handles, and
// only the .c files here know which version of the libraries they meet. Written for FFmpeg 5.1.
//
// One thread uses one handle. Results are 0 for success, MEDIA_END, MEDIA_AGAIN, or a negative libav error code.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MEDIA_END = 1, MEDIA_AGAIN = 2 };
enum { MEDIA_KIND_OTHER = 0, MEDIA_KIND_AUDIO = 1, MEDIA_KIND_VIDEO = 2 };
static const int64_t MEDIA_NO_TIME = INT64_MIN;

bool media_is_out_of_memory(int result);
// The library's words for a result; `text` is always terminated.
void media_describe_error(int result, char *text, size_t capacity);

// The libraries' own messages: nothing is printed; errors are counted and the last one is kept.
void media_log_begin(void);
int media_log_errors(char *last, size_t capacity);

// Sets the vector instructions that the libraries may use from now on in this process: 0 none, -1 all of this CPU, or a
// set.
void media_use_cpu_flags(int flags);
int media_cpu_flags_up_to_avx2(void);

// Freed memory stays with the process: a worker needs the same large blocks for each clip, and giving them back to the kernel costs
// a page fault per 4 KiB.
void media_keep_freed_memory(void);

// "avformat", "avcodec", "avutil", "swscale": the version that runs (not the one of the headers); else "".
void media_library_version(const char *library, char *text, size_t capacity);

// FFmpeg's own release, and how libavcodec was configured: with which decoders.
const char *media_release(void);
const char *media_configuration(void);
// Whether the libraries were built with a demuxer or a decoder of this name.
bool media_has_demuxer(const char *name);
bool media_has_decoder(const char *name);
// How many decoders of audio and video there are.
int media_decoder_count(void);
// Has the C library open now what it opens late: its zone of time, and the tables with which the transport stream's demuxer reads the names
// of programs. For a process that will not be able to open anything.
void media_open_what_opens_late(void);

// ---- A file, demuxed. ------------------------------------------------------------------------------------------------
typedef struct media_file media_file;
typedef struct media_packet media_packet;

// `size` bytes from `offset` on of an open file.
typedef struct { int descriptor; int64_t offset, size; } media_source;

typedef struct {
  int kind;
  bool is_default, is_attached_picture, has_decoder;
  bool is_left_out;                     // there is a decoder, and it is not among the ones that may be used
  bool is_misread;                      // libav takes its samples for something else than they are
  const char *codec;
  int64_t start;                        // in time-base units; MEDIA_NO_TIME when unknown
  int32_t base_numerator, base_denominator;
  int32_t rate_numerator, rate_denominator;  // average frame rate; 0 when unknown
  int32_t sample_rate, channels, width, height;
} media_stream;

typedef struct {
  int stream;
  int64_t presented, decoded, duration;  // MEDIA_NO_TIME, MEDIA_NO_TIME, 0 when unknown
  bool is_key, is_discarded;
  size_t size;
} media_packet_facts;

// Reads the source only with pread; the caller keeps the descriptor. `formats` is a comma-separated list of the
// demuxers that may be used, `decoders` a list of the decoders, NULL for all. `only_audio` means that no video frame
// will be decoded: then the search for video parameters is skipped if the header contains enough information about the
// audio.
int media_open(media_source source, const char *formats, const char *decoders, bool only_audio, media_file **file);
// Only as far as packets take it: nothing is decoded to learn more of the streams, which may show up while packets are read.
int media_open_packets(media_source source, const char *formats, media_file **file);
void media_close(media_file *file);
// The demuxer that libav would choose among all that it has; NULL where there is none.
const char *media_probe(media_source source);
const char *media_format_name(const media_file *file);
// The whole file's length in microseconds, as the container states it or libav works it out; MEDIA_NO_TIME when unknown.
int64_t media_duration(const media_file *file);
int media_stream_count(const media_file *file);
void media_stream_facts(const media_file *file, int index, media_stream *facts);
// What libav thinks best of one kind, or negative.
int media_best_stream(const media_file *file, int kind);
// Only packets of these streams will be read; -1 is none.
void media_select_streams(media_file *file, int index, int other);
// To the last key frame at or before `time` (the stream's units).
int media_seek(media_file *file, int stream, int64_t time);
// To where `part` of `parts` of the file's bytes begins.
int media_seek_part(media_file *file, int part, int parts);

media_packet *media_packet_make(void);
void media_packet_free(media_packet *packet);
int media_read(media_file *file, media_packet *packet);
void media_packet_describe(const media_packet *packet, media_packet_facts *facts);
// Adds to the times that the packet has.
void media_packet_shift(media_packet *packet, int64_t time);
// `to` becomes what `from` was; `from` is empty.
void media_packet_move(media_packet *to, media_packet *from);

typedef struct {
  bool restarts;         // no frame from here on depends on an earlier one
  bool is_unreferenced;  // no other frame depends on this one
  bool must_be_decoded;  // it contains parameters for later frames, or nothing is known about it
} media_role;
// How other frames depend on this packet, for H.264, H.265 and VP9.
void media_packet_role(const media_file *file, const media_packet *packet, media_role *role);

// ---- One stream, decoded. --------------------------------------------------------------------------------------------
typedef struct media_decoder media_decoder;
typedef struct media_frame media_frame;

typedef struct {
  int64_t presented, duration;           // the stream's units; MEDIA_NO_TIME, 0 when unknown
  bool is_damaged;
  int32_t samples, sample_rate, channels;
  int32_t width, height;                 // as coded, before the shape of pixels and rotation
} media_frame_facts;

int media_decoder_open(const media_file *file, int stream, media_decoder **decoder);
void media_decoder_close(media_decoder *decoder);
// NULL says that no packets follow.
int media_decoder_send(media_decoder *decoder, const media_packet *packet);
int media_decoder_receive(media_decoder *decoder, media_frame *frame);
void media_decoder_flush(media_decoder *decoder);
// The largest number of frames by which a frame may be shown later than it was decoded.
int media_decoder_reordering(const media_decoder *decoder);

media_frame *media_frame_make(void);
void media_frame_free(media_frame *frame);
// `to` becomes what `from` was; `from` is empty.
void media_frame_move(media_frame *to, media_frame *from);
void media_frame_describe(const media_frame *frame, media_frame_facts *facts);

// ---- Audio. ---------------------------------------------------------------------------------------------------------
enum { MEDIA_MOST_CHANNELS = 64 };
// Samples [from, from + count) of a frame as one channel: the mean of all but low-frequency effects, and the first
// channel alone. Adds each channel's sum of squares, and the mean's, to the energies. Full scale is 1. Returns 0, or negative for a sample
// format it does not know. The result does not depend on the CPU.
int media_mix(const media_frame *frame, int from, int count, float *mean, float *first, double *mean_energy,
              double energies[MEDIA_MOST_CHANNELS]);

// ---- Frames as images. ----------------------------------------------------------------------------------------------
typedef struct media_scaler media_scaler;
typedef struct media_jpeg_encoder media_jpeg_encoder;

// The shape of a frame on the screen.
typedef struct {
  int32_t width, height;          // with square pixels, after rotation
  bool swaps_axes, flips_x, flips_y;  // output (X, Y) comes from (x, y) of the coded frame: axes swapped, then flipped
} media_shape;
void media_display_shape(const media_file *file, int stream, const media_frame *frame, media_shape *shape);

media_scaler *media_scaler_make(void);
void media_scaler_free(media_scaler *scaler);
// Converts to full-range 4:2:0 with JPEG's color matrix, `width` × `height` (even), rotated according to the shape.
int media_scale(media_scaler *scaler, const media_frame *frame, const media_shape *shape, int width, int height,
                media_frame *picture);
// One plane of a frame as it was decoded; NULL where there is none.
const uint8_t *media_plane(const media_frame *frame, int plane, int *stride);
// The brightness plane of a scaled frame.
const uint8_t *media_luma(const media_frame *picture, int *stride);

media_jpeg_encoder *media_jpeg_encoder_make(int width, int height, int quantiser);
void media_jpeg_encoder_free(media_jpeg_encoder *encoder);
// The bytes stay valid until the next call.
int media_jpeg_encode(media_jpeg_encoder *encoder, media_frame *picture, const uint8_t **bytes, size_t *count);

// ---- Image files. ---------------------------------------------------------------------------------------------------
// An image's pixels, rows from the top without gaps: 3 bytes each (red, green, blue), or 4 with alpha.
typedef struct {
  int width, height, channels;
  bool is_palette;  // the file contained color indices
  uint8_t *pixels;
} media_bitmap;

// JPEG (of any sampling but 4:1:1 and 4:4:0) and PNG of 8 bits; the same pixels on any CPU.
int media_bitmap_decode(const uint8_t *bytes, size_t count, int64_t most_pixels, media_bitmap *bitmap);
void media_bitmap_free(media_bitmap *bitmap);
