#pragma once
#include <stdio.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <jpeglib.h>
#include <jerror.h>

// libjpeg reports an error by a callback that must not return, so its callers need setjmp, which Swift cannot call.
// These functions decode from memory into the caller's buffer and report by return value. They can go when libjpeg
// (or TurboJPEG's tj3 interface, with its warnings told apart) is callable without setjmp.

enum { CJPEG_DAMAGED = 1, CJPEG_TRUNCATED = 2, CJPEG_UNSUPPORTED = 3, CJPEG_TOO_LARGE = 4, CJPEG_NO_MEMORY = 5 };

typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;               // 1 (grey) or 3 (RGB)
  int is_decoded;                  // whether the pixels were written
  char message[JMSG_LENGTH_MAX];   // empty unless the call failed
} cjpeg_result;

typedef struct {
  struct jpeg_error_mgr base;      // first, so that libjpeg's pointer to it is a pointer to the whole
  jmp_buf escape;                  // takes one of the codes above
  char *message;
} cjpeg_error_manager;

// Ends the decoding with a code and a message.
static inline void cjpeg_stop(j_common_ptr codec, int code, const char *message) {
  cjpeg_error_manager *errors = (cjpeg_error_manager *)codec->err;
  snprintf(errors->message, JMSG_LENGTH_MAX, "%s", message);
  longjmp(errors->escape, code);
}

// What is no damage, but beyond libjpeg: other kinds of JPEG, and want of memory.
static inline int cjpeg_kind(int message) {
  switch (message) {
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
      return CJPEG_UNSUPPORTED;
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW:
      return CJPEG_TOO_LARGE;
    case JERR_OUT_OF_MEMORY:
      return CJPEG_NO_MEMORY;
    default:
      return CJPEG_DAMAGED;
  }
}

static inline void cjpeg_fail(j_common_ptr codec) {
  cjpeg_error_manager *errors = (cjpeg_error_manager *)codec->err;
  errors->base.format_message(codec, errors->message);
  longjmp(errors->escape, cjpeg_kind(codec->err->msg_code));
}

// The source is the whole file in one piece. libjpeg's own source goes on behind its end with a made-up end mark, and
// then nobody knows where the file ended.
static inline void cjpeg_do_nothing(j_decompress_ptr codec) { (void)codec; }

static inline boolean cjpeg_meet_end(j_decompress_ptr codec) {
  cjpeg_stop((j_common_ptr)codec, CJPEG_TRUNCATED, "the file ends too early");
  return FALSE;
}

static inline void cjpeg_skip(j_decompress_ptr codec, long length) {
  if (length <= 0) return;
  if ((size_t)length > codec->src->bytes_in_buffer) cjpeg_meet_end(codec);
  codec->src->next_input_byte += length;
  codec->src->bytes_in_buffer -= length;
}

// libjpeg calls damaged data a warning and fills the picture with grey. Here damage is an error; only what leaves the
// pixels intact (stray bytes between markers, odd headers) passes.
static inline void cjpeg_warn(j_common_ptr codec, int level) {
  if (level >= 0) return;
  int code = codec->err->msg_code;
  if (code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR || code == JWRN_BOGUS_ICC) return;
  cjpeg_fail(codec);
}

static inline void cjpeg_mute(j_common_ptr codec) { (void)codec; }

// A few kilobytes of progressive scans can cost minutes; no honest file has this many.
static inline void cjpeg_watch_scans(j_common_ptr codec) {
  if (codec->is_decompressor && ((j_decompress_ptr)codec)->input_scan_number > 100)
    cjpeg_stop(codec, CJPEG_UNSUPPORTED, "it has more than 100 progressive scans");
}

// Multiplies two numbers of 0 to 255 that stand for 0 to 1, rounded.
static inline unsigned cjpeg_product(unsigned a, unsigned b) {
  unsigned product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

// Adobe's programs store inks inverted, and everybody else who writes such files has followed them. The arithmetic is
// Pillow's: each colour is what the ink and the black leave of it.
static inline void cjpeg_mix_inks(const unsigned char *inks, unsigned char *pixels, uint32_t width) {
  for (uint32_t x = 0; x < width; x++, inks += 4, pixels += 3)
    for (int c = 0; c < 3; c++) pixels[c] = inks[3] - cjpeg_product(255 - inks[c], inks[3]);
}

// Decodes a JPEG image into rows of pixels without gaps if its size is the one that stands in `result`, for which there
// is room at `pixels`; else reads its header alone. Either way its size then stands in `result`. Returns 0 or, with the
// message filled in, what kind of failure it was. Fails when a side exceeds `side_limit`.
static inline int cjpeg_decode(
    const unsigned char *bytes, size_t count, uint32_t side_limit, unsigned char *pixels, cjpeg_result *result) {
  struct jpeg_decompress_struct codec;
  struct jpeg_progress_mgr progress = {.progress_monitor = cjpeg_watch_scans};
  struct jpeg_source_mgr source = {
      .next_input_byte = bytes, .bytes_in_buffer = count, .init_source = cjpeg_do_nothing,
      .fill_input_buffer = cjpeg_meet_end, .skip_input_data = cjpeg_skip,
      .resync_to_restart = jpeg_resync_to_restart, .term_source = cjpeg_do_nothing};
  cjpeg_error_manager errors;
  result->message[0] = 0;
  result->is_decoded = 0;
  codec.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = cjpeg_fail;
  errors.base.emit_message = cjpeg_warn;
  errors.base.output_message = cjpeg_mute;
  errors.message = result->message;
  int failure = setjmp(errors.escape);
  if (failure) {
    jpeg_destroy_decompress(&codec);
    return failure;
  }
  jpeg_create_decompress(&codec);
  codec.progress = &progress;
  codec.src = &source;
  jpeg_read_header(&codec, TRUE);
  if (codec.image_width > side_limit || codec.image_height > side_limit) {
    char message[100];
    snprintf(
        message, sizeof message, "a size of %ux%u is above the limit of %u", codec.image_width, codec.image_height,
        side_limit);
    cjpeg_stop((j_common_ptr)&codec, CJPEG_TOO_LARGE, message);
  }
  int is_grey = codec.jpeg_color_space == JCS_GRAYSCALE;
  int is_ink = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
  if (codec.jpeg_color_space == JCS_UNKNOWN) {
    char message[100];
    snprintf(message, sizeof message, "it has %d colour components, not 1, 3 or 4", codec.num_components);
    cjpeg_stop((j_common_ptr)&codec, CJPEG_UNSUPPORTED, message);
  }
  codec.out_color_space = is_grey ? JCS_GRAYSCALE : is_ink ? JCS_CMYK : JCS_RGB;
  uint32_t channels = is_grey ? 1 : 3;
  int is_wanted =
      result->width == codec.image_width && result->height == codec.image_height && result->channels == channels;
  result->width = codec.image_width;
  result->height = codec.image_height;
  result->channels = channels;
  if (is_wanted) {
    size_t stride = (size_t)result->width * channels;
    jpeg_start_decompress(&codec);
    JSAMPARRAY inks =
        is_ink ? codec.mem->alloc_sarray((j_common_ptr)&codec, JPOOL_IMAGE, codec.output_width * 4, 1) : NULL;
    while (codec.output_scanline < codec.output_height) {
      JSAMPROW target = pixels + stride * codec.output_scanline;
      JSAMPROW row = is_ink ? inks[0] : target;
      jpeg_read_scanlines(&codec, &row, 1);
      if (is_ink) cjpeg_mix_inks(row, target, result->width);
    }
    jpeg_finish_decompress(&codec);
    result->is_decoded = 1;
  }
  jpeg_destroy_decompress(&codec);
  return 0;
}
