#pragma once
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <png.h>

// libpng reports an error by longjmp, so its callers need setjmp, which Swift cannot call. (Its simplified interface
// needs none, but blends alpha and applies gamma, so that pixels differ from those other frameworks see.)

enum { CPNG_DAMAGED = 1, CPNG_TRUNCATED = 2, CPNG_TOO_LARGE = 4, CPNG_NO_MEMORY = 5 };

typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;    // 1 (grey) or 3 (RGB)
  int is_decoded;       // whether the pixels were written
  size_t chunk;         // where the chunk starts that was read when the error occurred
  char message[200];    // empty unless the call failed
} cpng_result;

typedef struct {
  const unsigned char *bytes;
  size_t count;
  size_t position;
  int failure;
  cpng_result *result;
} cpng_source;

static inline void cpng_fail(png_structp codec, png_const_charp message) {
  cpng_source *source = (cpng_source *)png_get_error_ptr(codec);
  snprintf(source->result->message, sizeof source->result->message, "%s", message);
  png_longjmp(codec, 1);
}

static inline void cpng_mute(png_structp codec, png_const_charp message) {
  (void)codec;
  (void)message;
}

static inline void cpng_pull(png_structp codec, png_bytep target, size_t length) {
  cpng_source *source = (cpng_source *)png_get_io_ptr(codec);
  if ((png_get_io_state(codec) & PNG_IO_MASK_LOC) == PNG_IO_CHUNK_HDR) source->result->chunk = source->position;
  if (length > source->count - source->position) {
    source->failure = CPNG_TRUNCATED;
    png_error(codec, "the file ends too early");
  }
  memcpy(target, source->bytes + source->position, length);
  source->position += length;
}

// A side of the image as its header has it, at the given place; 0 if the file is shorter.
static inline uint32_t cpng_side(const unsigned char *bytes, size_t count, size_t place) {
  return count < place + 4 ? 0 : png_get_uint_32(bytes + place);
}

// Any kind of PNG becomes 8-bit grey or RGB; alpha is dropped, not blended, and gamma is left alone.
static inline void cpng_expand(png_structp codec, png_infop info) {
  int kind = png_get_color_type(codec, info);
  if (kind == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(codec);
  if (kind == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(codec);
  png_set_scale_16(codec);
  png_set_strip_alpha(codec);
}

// Decodes a PNG image into rows of pixels without gaps if its size is the one that stands in `result`, for which there is
// room at `pixels`; else reads its header alone. Either way its size then stands in `result`. Returns 0 or, with the
// message filled in, what kind of failure it was. Fails when a side exceeds `side_limit`.
static inline int cpng_decode(
    const unsigned char *bytes, size_t count, uint32_t side_limit, unsigned char *pixels, cpng_result *result) {
  cpng_source source = {bytes, count, 0, CPNG_DAMAGED, result};
  uint32_t head_width = cpng_side(bytes, count, 16), head_height = cpng_side(bytes, count, 20);
  result->message[0] = 0;
  result->chunk = 0;
  result->is_decoded = 0;
  png_structp codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, cpng_fail, cpng_mute);
  png_infop info = codec ? png_create_info_struct(codec) : NULL;
  if (!info) {
    png_destroy_read_struct(&codec, NULL, NULL);
    snprintf(result->message, sizeof result->message, "there is not enough memory to decode it");
    return CPNG_NO_MEMORY;
  }
  if (setjmp(png_jmpbuf(codec))) {
    png_destroy_read_struct(&codec, &info, NULL);
    return strstr(result->message, "ut of memory") ? CPNG_NO_MEMORY : source.failure;
  }
  // As libpng would, but not as damage. A side beyond 2^31 is.
  if ((head_width > side_limit && head_width >> 31 == 0) || (head_height > side_limit && head_height >> 31 == 0)) {
    snprintf(
        result->message, sizeof result->message, "a size of %ux%u is above the limit of %u", head_width, head_height,
        side_limit);
    png_destroy_read_struct(&codec, &info, NULL);
    return CPNG_TOO_LARGE;
  }
  png_set_read_fn(codec, &source, cpng_pull);
  png_set_user_limits(codec, side_limit, side_limit);
  png_set_chunk_malloc_max(codec, 4 << 20);
  // Passes over all chunks that do not change pixels: libpng would ask for as much memory as a text, a profile or EXIF
  // data claim to have, up to 2 GB, and only warn of that limit. (Orientation is read elsewhere.)
  png_set_keep_unknown_chunks(codec, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(codec, info);
  cpng_expand(codec, info);
  int passes = png_set_interlace_handling(codec);
  png_read_update_info(codec, info);
  uint32_t width = png_get_image_width(codec, info);
  uint32_t height = png_get_image_height(codec, info);
  uint32_t channels = png_get_channels(codec, info);
  int is_wanted = result->width == width && result->height == height && result->channels == channels;
  result->width = width;
  result->height = height;
  result->channels = channels;
  size_t stride = png_get_rowbytes(codec, info);
  if (is_wanted) {
    if (stride != (size_t)width * channels) png_error(codec, "its rows have another length than its width says");
    for (int pass = 0; pass < passes; pass++)
      for (uint32_t row = 0; row < result->height; row++) png_read_row(codec, pixels + stride * row, NULL);
    png_read_end(codec, NULL);
    result->is_decoded = 1;
  }
  png_destroy_read_struct(&codec, &info, NULL);
  return 0;
}
