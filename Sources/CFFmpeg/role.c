// Finds packets that can be left out of a stream without changing any other frame. This is read from the first bytes of
// the coded data, and only where the codec's rules are unambiguous.

#include "internal.h"
#include <string.h>

// Sizes of the length before each unit, or 0 for start codes, or -1 for neither.
static int length_size(const AVCodecParameters *p) {
  int at = p->codec_id == AV_CODEC_ID_HEVC ? 21 : 4;
  if (p->extradata_size > at && p->extradata[0] == 1) return (p->extradata[at] & 3) + 1;
  bool is_annex_b = p->extradata_size < 4 || (!p->extradata[0] && !p->extradata[1]);
  return is_annex_b ? 0 : -1;
}

// The next unit in [*at, end): its first byte, or NULL at the end or where the lengths do not add up (*at is `end` only then when they
// do).
static const uint8_t *next_unit(const uint8_t **at, const uint8_t *end, int length_size) {
  const uint8_t *p = *at;
  if (length_size > 0) {
    if (end - p <= length_size) return NULL;
    size_t length = 0;
    for (int i = 0; i < length_size; i++) length = length << 8 | *p++;
    if (!length || length > (size_t)(end - p)) return NULL;
    *at = p + length;
    return p;
  }
  while ((p = memchr(p, 1, (size_t)(end - p)))) {
    if (p - *at >= 2 && !p[-1] && !p[-2]) {
      *at = p + 1;
      return p + 1 < end ? p + 1 : NULL;
    }
    if (++p >= end) break;
  }
  *at = end;
  return NULL;
}

// H.264, 7.4.1: units 1 and 5 are slices; with `nal_ref_idc` 0, nothing is predicted from them. Units 6, 9 and 12
// contain nothing that a frame depends on.
static void add_h264(uint8_t head, media_role *role) {
  int kind = head & 31, is_referenced = head >> 5 & 3;
  if (kind == 5) role->restarts = true;
  if (kind == 1 || kind == 5) role->is_unreferenced &= !is_referenced;
  else if (kind != 6 && kind != 9 && kind != 12) role->must_be_decoded = true;
}

// H.265, 7.4.2: units 19 and 20 are IDR slices, and all below 32 are slices; 35 and 38 to 40 contain nothing that a
// frame depends on. From which slices nothing is predicted depends on layers; this is not evaluated.
static void add_hevc(uint8_t head, media_role *role) {
  int kind = head >> 1 & 63;
  role->is_unreferenced = false;
  if (kind == 19 || kind == 20) role->restarts = true;
  if (kind >= 32 && kind != 35 && kind != 38 && kind != 39 && kind != 40) role->must_be_decoded = true;
}

void media_packet_role(const media_file *file, const media_packet *handle, media_role *role) {
  const AVPacket *packet = handle->packet;
  const AVCodecParameters *p = file->context->streams[packet->stream_index]->codecpar;
  *role = (media_role){.must_be_decoded = true};
  bool is_changed = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, NULL) ||
                    av_packet_get_side_data(packet, AV_PKT_DATA_PARAM_CHANGE, NULL);
  if (is_changed || packet->size < 1 || (packet->flags & AV_PKT_FLAG_CORRUPT)) return;
  const uint8_t *at = packet->data, *end = at + packet->size, *unit;
  if (p->codec_id == AV_CODEC_ID_VP9) {
    // Frame marker 2, two bits of profile (3 has one more), not a frame shown again, and a key frame.
    int profile = (at[0] >> 5 & 1) | (at[0] >> 3 & 2);
    if (at[0] >> 6 != 2 || profile == 3) return;
    *role = (media_role){.restarts = !(at[0] & 8) && !(at[0] & 4)};
    return;
  }
  if (p->codec_id != AV_CODEC_ID_H264 && p->codec_id != AV_CODEC_ID_HEVC) return;
  int size = length_size(p);
  if (size < 0) return;
  media_role found = {.is_unreferenced = true};
  bool is_any = false;
  while ((unit = next_unit(&at, end, size))) {
    is_any = true;
    if (p->codec_id == AV_CODEC_ID_H264) add_h264(*unit, &found);
    else add_hevc(*unit, &found);
  }
  if (is_any && at == end) *role = found;
  if (role->restarts) role->is_unreferenced = false;
}
