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

typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;               // 1 (grey) or 3 (RGB)
  int is_decoded;                  // whether the pixels were written
  size_t offset;                   // how many bytes had been read when the error occurred
  char message[JMSG_LENGTH_MAX];   // empty unless the call failed
} cjpeg_result;

typedef struct {
  struct jpeg_error_mgr base;      // first, so that libjpeg's pointer to it is a pointer to the whole
  jmp_buf escape;
  char *message;
} cjpeg_error_manager;

static inline void cjpeg_fail(j_common_ptr codec) {
  cjpeg_error_manager *errors = (cjpeg_error_manager *)codec->err;
  errors->base.format_message(codec, errors->message);
  longjmp(errors->escape, 1);
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
  if (codec->is_decompressor && ((j_decompress_ptr)codec)->input_scan_number > 100) {
    cjpeg_error_manager *errors = (cjpeg_error_manager *)codec->err;
    snprintf(errors->message, JMSG_LENGTH_MAX, "more than 100 progressive scans");
    longjmp(errors->escape, 1);
  }
}

// Decodes a JPEG image into rows of pixels without gaps if its size is the one that stands in `result`, for which there
// is room at `pixels`; else reads its header alone. Either way its size then stands in `result`. Returns 0 or, with the
// message filled in, 1. Fails when a side exceeds `side_limit`.
static inline int cjpeg_decode(
    const unsigned char *bytes, size_t count, uint32_t side_limit, unsigned char *pixels, cjpeg_result *result) {
  struct jpeg_decompress_struct codec;
  struct jpeg_progress_mgr progress = {.progress_monitor = cjpeg_watch_scans};
  cjpeg_error_manager errors;
  result->message[0] = 0;
  result->offset = 0;
  result->is_decoded = 0;
  codec.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = cjpeg_fail;
  errors.base.emit_message = cjpeg_warn;
  errors.base.output_message = cjpeg_mute;
  errors.message = result->message;
  codec.src = NULL;
  if (setjmp(errors.escape)) {
    if (codec.src) result->offset = count - codec.src->bytes_in_buffer;
    jpeg_destroy_decompress(&codec);
    return 1;
  }
  jpeg_create_decompress(&codec);
  codec.progress = &progress;
  jpeg_mem_src(&codec, bytes, count);
  jpeg_read_header(&codec, TRUE);
  if (codec.image_width > side_limit || codec.image_height > side_limit) {
    snprintf(
        result->message, JMSG_LENGTH_MAX, "a size of %ux%u is above the limit of %u", codec.image_width,
        codec.image_height, side_limit);
    longjmp(errors.escape, 1);
  }
  if (codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK || codec.jpeg_color_space == JCS_UNKNOWN) {
    snprintf(result->message, JMSG_LENGTH_MAX, "its colours are CMYK, not RGB or grey; convert it");
    longjmp(errors.escape, 1);
  }
  codec.out_color_space = codec.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  uint32_t channels = codec.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  int is_wanted =
      result->width == codec.image_width && result->height == codec.image_height && result->channels == channels;
  result->width = codec.image_width;
  result->height = codec.image_height;
  result->channels = channels;
  if (is_wanted) {
    size_t stride = (size_t)result->width * channels;
    jpeg_start_decompress(&codec);
    while (codec.output_scanline < codec.output_height) {
      JSAMPROW row = pixels + stride * codec.output_scanline;
      jpeg_read_scanlines(&codec, &row, 1);
    }
    jpeg_finish_decompress(&codec);
    result->is_decoded = 1;
  }
  jpeg_destroy_decompress(&codec);
  return 0;
}
