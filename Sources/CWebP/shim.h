#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <webp/decode.h>

// libwebp's simple functions decode without saying why they fail; its advanced ones want a configuration with a union,
// which Swift sees as overlapping tuples. This function decodes from memory into the caller's buffer and reports by
// return value, as those for JPEG and PNG do.

enum { CWEBP_DAMAGED = 1, CWEBP_TRUNCATED = 2, CWEBP_UNSUPPORTED = 3, CWEBP_TOO_LARGE = 4, CWEBP_NO_MEMORY = 5 };

typedef struct {
  uint32_t width;
  uint32_t height;
  int is_decoded;      // whether the pixels were written
  char message[200];   // empty unless the call failed
} cwebp_result;

static inline int cwebp_fail(cwebp_result *result, VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
      snprintf(result->message, sizeof result->message, "the file ends too early");
      return CWEBP_TRUNCATED;
    case VP8_STATUS_OUT_OF_MEMORY:
      snprintf(result->message, sizeof result->message, "there is not enough memory to decode it");
      return CWEBP_NO_MEMORY;
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      snprintf(result->message, sizeof result->message, "it has a feature that libwebp does not know");
      return CWEBP_UNSUPPORTED;
    default:
      snprintf(result->message, sizeof result->message, "its data is not what WebP's rules allow");
      return CWEBP_DAMAGED;
  }
}

// Decodes a WebP image into rows of RGB pixels without gaps, alpha dropped, if its size is the one that stands in
// `result`, for which there is room at `pixels`; else reads its header alone. Either way its size then stands in
// `result`. Returns 0 or, with the message filled in, what kind of failure it was.
static inline int cwebp_decode(
    const uint8_t *bytes, size_t count, uint32_t side_limit, uint8_t *pixels, cwebp_result *result) {
  WebPDecoderConfig config;
  result->message[0] = 0;
  result->is_decoded = 0;
  if (!WebPInitDecoderConfig(&config)) {
    snprintf(result->message, sizeof result->message, "libwebp has another version than this program was built for");
    return CWEBP_UNSUPPORTED;
  }
  VP8StatusCode status = WebPGetFeatures(bytes, count, &config.input);
  if (status != VP8_STATUS_OK) return cwebp_fail(result, status);
  if (config.input.has_animation) {
    snprintf(result->message, sizeof result->message, "it is animated");
    return CWEBP_UNSUPPORTED;
  }
  uint32_t width = (uint32_t)config.input.width, height = (uint32_t)config.input.height;
  if (width > side_limit || height > side_limit) {
    snprintf(result->message, sizeof result->message, "a size of %ux%u is above the limit of %u", width, height, side_limit);
    return CWEBP_TOO_LARGE;
  }
  int is_wanted = result->width == width && result->height == height;
  result->width = width;
  result->height = height;
  if (!is_wanted) return 0;
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels;
  config.output.u.RGBA.stride = (int)(3 * width);
  config.output.u.RGBA.size = (size_t)3 * width * height;
  status = WebPDecode(bytes, count, &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) return cwebp_fail(result, status);
  result->is_decoded = 1;
  return 0;
}
