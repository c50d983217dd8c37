// Convolution of 3×3 kernels with stride 1 by Winograd's minimal filtering: F(4×4, 3×3), where tiles of 6×6 inputs that
// overlap by two give tiles of 4×4 outputs with 36 products instead of 144, and F(2×2, 3×3), where 4×4 inputs give 2×2
// outputs with 16 instead of 36, with less rounding. Each is one inclusion of winograd_passes.h.
//
// Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015, sections 4 and 5.
//
// Channels are multiples of 16. Planes are the products of a tile; each holds a matrix [tile][channel].

// Applies `line` to the columns and then to the rows of t[from][from]; `get(row, column)` reads, `put(row, column, v)`
// takes the result.
#define WINOGRAD_TRANSFORM(from, to, line, get, put)                 \
  do {                                                               \
    vector half[to][from];                                           \
    _Pragma("clang loop unroll(full)")                               \
    for (int column = 0; column < from; column++) {                  \
      vector in[from], out[to];                                      \
      _Pragma("clang loop unroll(full)")                             \
      for (int row = 0; row < from; row++) in[row] = get(row, column); \
      line(in, out);                                                 \
      _Pragma("clang loop unroll(full)")                             \
      for (int row = 0; row < to; row++) half[row][column] = out[row]; \
    }                                                                \
    _Pragma("clang loop unroll(full)")                               \
    for (int row = 0; row < to; row++) {                             \
      vector out[to];                                                \
      line(half[row], out);                                          \
      _Pragma("clang loop unroll(full)")                             \
      for (int column = 0; column < to; column++) put(row, column, out[column]); \
    }                                                                \
  } while (0)

// Where a tile lies in an image, and whether all of it is inside.
struct tile {
  ptrdiff_t sample, top, left;
  int is_inside;
};

// The tile of the given number, `size` pixels wide and `step` from the next.
CK_INLINE struct tile tile_at(
    size_t index, size_t down, size_t across, ptrdiff_t pad_top, ptrdiff_t pad_left, ptrdiff_t height, ptrdiff_t width,
    ptrdiff_t size, ptrdiff_t step) {
  const struct tile t = {
      .sample = (ptrdiff_t)(index / (down * across)),
      .top = (ptrdiff_t)(index / across % down) * step - pad_top,
      .left = (ptrdiff_t)(index % across) * step - pad_left,
  };
  return (struct tile){
      t.sample, t.top, t.left,
      t.top >= 0 && t.left >= 0 && t.top + size <= height && t.left + size <= width};
}

// Reads a pixel of a tile, or zero outside of the image.
#define TILE_PIXEL(row, column)                                                                      \
  (t.is_inside ||                                                                                    \
   (t.top + (row) >= 0 && t.top + (row) < height && t.left + (column) >= 0 && t.left + (column) < width) \
       ? load(corner + ((row) * width + (column)) * (ptrdiff_t)channels + c)                          \
       : (vector){0})

// Where the number of (plane, tile, channel) lies: in matrices [tile][channel], or cut into panels of channels.
struct planes {
  size_t plane, panel, width, tile;
};

// The width of the panels of a matrix whose columns are a multiple of 16.
CK_INLINE size_t panel_width(size_t columns) { return columns % (2 * CK_VECTOR) == 0 ? 2 * CK_VECTOR : CK_VECTOR; }

// c[rows][columns] = a · b for a plane of b in panels, or += if `adding`. Either the rows of a are `a_distance` apart,
// or with `in_columns` its terms.
static CK_NOINLINE void plane_product(
    size_t rows, size_t columns, size_t inner, const float *a, int in_columns, size_t a_distance,
    const struct planes *at, const float *b, float *c, size_t c_row, int adding) {
  const size_t vectors = at->width / CK_VECTOR;
  for (size_t column = 0; column < columns; column += at->width, b += at->panel)
    for (size_t k = 0; k < inner; k += INNER_BLOCK) {
      const size_t terms = inner - k < INNER_BLOCK ? inner - k : INNER_BLOCK;
      long_panel(
          rows, vectors, terms, a + (in_columns ? k * a_distance : k), in_columns, a_distance, b + k * at->width,
          c + column, c_row, adding || k > 0);
    }
}

CK_INLINE size_t place_in(const struct planes *p, size_t plane, size_t tile, size_t channel) {
  return plane * p->plane + channel / p->width * p->panel + tile * p->tile + channel % p->width;
}

// 64 bytes between planes keep them from falling on the same lines of the cache.
CK_INLINE struct planes matrices(size_t tiles, size_t channels) {
  return (struct planes){tiles * channels + 16, 0, channels, channels};
}

CK_INLINE struct planes panels(size_t tiles, size_t channels) {
  const size_t width = panel_width(channels);
  return (struct planes){tiles * channels + 16, tiles * width, width, width};
}

#include "winograd_f2.h"
#include "winograd_f4.h"

#define TILE_OUT 2
#define WINOGRAD(name) f2_##name
#include "winograd_passes.h"
#undef WINOGRAD
#undef TILE_OUT

#define TILE_OUT 4
#define WINOGRAD(name) f4_##name
#include "winograd_passes.h"
#undef WINOGRAD
#undef TILE_OUT

static void winograd_convolve(
    const struct ck_winograd *w, int backward, const float *x, const float *weights, const float *bias, float *y,
    float *scratch) {
  (w->tile == 2 ? f2_convolve : f4_convolve)(w, backward, x, weights, bias, y, scratch);
}

static void winograd_backward_weights(
    const struct ck_winograd *w, const float *x, const float *dy, float *d_weights, float *scratch) {
  (w->tile == 2 ? f2_backward_weights : f4_backward_weights)(w, x, dy, d_weights, scratch);
}
