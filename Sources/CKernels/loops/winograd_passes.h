// The three passes of F(TILE_OUT×TILE_OUT, 3×3); WINOGRAD names the functions of the variant, among them its
// one-dimensional transforms.

#define TILE_IN (TILE_OUT + 2)
#define PLANES (TILE_IN * TILE_IN)

CK_INLINE size_t WINOGRAD(tiles_down)(const struct ck_winograd *w) {
  return (size_t)(w->output_height + TILE_OUT - 1) / TILE_OUT;
}

CK_INLINE size_t WINOGRAD(tiles_across)(const struct ck_winograd *w) {
  return (size_t)(w->output_width + TILE_OUT - 1) / TILE_OUT;
}

// The transformed tiles of the input, from tile `first` on.
static void WINOGRAD(input)(
    const struct ck_winograd *w, size_t first, size_t count, const float *x, struct planes at, float *u) {
  const ptrdiff_t height = w->input_height, width = w->input_width;
  const size_t channels = w->inputs;
  for (size_t i = 0; i < count; i++) {
    const struct tile t = tile_at(
        first + i, WINOGRAD(tiles_down)(w), WINOGRAD(tiles_across)(w), w->pad_top, w->pad_left, height, width, TILE_IN,
        TILE_OUT);
    const float *corner = x + ((t.sample * height + t.top) * width + t.left) * (ptrdiff_t)channels;
    for (size_t c = 0; c < channels; c += CK_VECTOR) {
      float *to = u + place_in(&at, 0, i, c);
#define PUT(row, column, v) store(to + (size_t)((row) * TILE_IN + (column)) * at.plane, v)
      if (t.is_inside)
#define GET(row, column) load(corner + ((row) * width + (column)) * (ptrdiff_t)channels + c)
        WINOGRAD_TRANSFORM(TILE_IN, TILE_IN, WINOGRAD(input_line), GET, PUT);
#undef GET
      else
        WINOGRAD_TRANSFORM(TILE_IN, TILE_IN, WINOGRAD(input_line), TILE_PIXEL, PUT);
    }
  }
}

// Transforms whose sides differ go through two different shapes, so they are written out.
static void WINOGRAD(output_gradient)(
    const struct ck_winograd *w, size_t first, size_t count, const float *dy, struct planes at, float *d) {
  const ptrdiff_t height = w->output_height, width = w->output_width;
  const size_t channels = w->outputs;
  for (size_t i = 0; i < count; i++) {
    const struct tile t = tile_at(
        first + i, WINOGRAD(tiles_down)(w), WINOGRAD(tiles_across)(w), 0, 0, height, width, TILE_OUT, TILE_OUT);
    const float *corner = dy + ((t.sample * height + t.top) * width + t.left) * (ptrdiff_t)channels;
    for (size_t c = 0; c < channels; c += CK_VECTOR) {
      float *to = d + place_in(&at, 0, i, c);
      vector half[TILE_IN][TILE_OUT];
#pragma clang loop unroll(full)
      for (int column = 0; column < TILE_OUT; column++) {
        vector in[TILE_OUT], out[TILE_IN];
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_OUT; row++) in[row] = TILE_PIXEL(row, column);
        WINOGRAD(gradient_line)(in, out);
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_IN; row++) half[row][column] = out[row];
      }
#pragma clang loop unroll(full)
      for (int row = 0; row < TILE_IN; row++) {
        vector out[TILE_IN];
        WINOGRAD(gradient_line)(half[row], out);
#pragma clang loop unroll(full)
        for (int column = 0; column < TILE_IN; column++) PUT(row, column, out[column]);
      }
    }
  }
}
#undef PUT

// `group` channels, from `channel` on, of the outputs of the tiles from `first` on, out of the products.
static void WINOGRAD(output)(
    const struct ck_winograd *w, size_t first, size_t count, size_t channel, size_t group, struct planes at,
    const float *m, const float *bias, float *y) {
  const ptrdiff_t height = w->output_height, width = w->output_width;
  const size_t channels = w->outputs;
  for (size_t i = 0; i < count; i++) {
    const struct tile t = tile_at(
        first + i, WINOGRAD(tiles_down)(w), WINOGRAD(tiles_across)(w), 0, 0, height, width, TILE_OUT, TILE_OUT);
    float *corner = y + ((t.sample * height + t.top) * width + t.left) * (ptrdiff_t)channels;
    const ptrdiff_t rows = height - t.top < TILE_OUT ? height - t.top : TILE_OUT;
    const ptrdiff_t columns = width - t.left < TILE_OUT ? width - t.left : TILE_OUT;
    for (size_t c = 0; c < group; c += CK_VECTOR) {
      const float *from = m + place_in(&at, 0, i, c);
      const vector added = bias ? load(bias + channel + c) : (vector){0};
      vector half[TILE_OUT][TILE_IN];
#pragma clang loop unroll(full)
      for (int column = 0; column < TILE_IN; column++) {
        vector in[TILE_IN], out[TILE_OUT];
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_IN; row++) in[row] = load(from + (size_t)(row * TILE_IN + column) * at.plane);
        WINOGRAD(output_line)(in, out);
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_OUT; row++) half[row][column] = out[row];
      }
      for (int row = 0; row < rows; row++) {
        vector out[TILE_OUT];
        WINOGRAD(output_line)(half[row], out);
        for (int column = 0; column < columns; column++)
          store(corner + (row * width + column) * (ptrdiff_t)channels + (ptrdiff_t)(channel + c), out[column] + added);
      }
    }
  }
}

// One filter bank of `lanes` outputs, taps[tap][lane], for input channel `input` of the panels `v`.
CK_INLINE void WINOGRAD(filter)(const float *taps, size_t lanes, struct planes at, float *to) {
  for (size_t lane = 0; lane < lanes; lane += CK_VECTOR) {
    vector half[TILE_IN][3];
#pragma clang loop unroll(full)
    for (int column = 0; column < 3; column++) {
      vector in[3], out[TILE_IN];
#pragma clang loop unroll(full)
      for (int row = 0; row < 3; row++) in[row] = load(taps + (size_t)(row * 3 + column) * lanes + lane);
      WINOGRAD(filter_line)(in, out);
#pragma clang loop unroll(full)
      for (int row = 0; row < TILE_IN; row++) half[row][column] = out[row];
    }
#pragma clang loop unroll(full)
    for (int row = 0; row < TILE_IN; row++) {
      vector out[TILE_IN];
      WINOGRAD(filter_line)(half[row], out);
#pragma clang loop unroll(full)
      for (int column = 0; column < TILE_IN; column++)
        store(to + (size_t)(row * TILE_IN + column) * at.plane + lane, out[column]);
    }
  }
}

// The transformed filters of the outputs `first ..< first + count` as panels: v[plane][panel][input][output].
//
// `weights` are [output][tap][input] of the layer. With `backward` the roles of inputs and outputs are exchanged and
// the taps turned round: what takes dy to dx. w->inputs and w->outputs are the channels of what goes in and comes out
// here.
static void WINOGRAD(filters)(
    const struct ck_winograd *w, int backward, size_t first, size_t count, const float *weights, struct planes at,
    float *v) {
  enum { DEPTH = 16 };
  const size_t inputs = w->inputs, outputs = w->outputs;
  float taps[DEPTH * 9 * 2 * CK_VECTOR];
  for (size_t o = 0; o < count; o += at.width)
    for (size_t i = 0; i < inputs; i += DEPTH) {
      for (size_t tap = 0; tap < 9; tap++)
        if (backward)
          for (size_t k = 0; k < DEPTH; k++)
            copy_run(
                at.width, weights + ((i + k) * 9 + 8 - tap) * outputs + first + o, taps + (k * 9 + tap) * at.width);
        else
          for (size_t lane = 0; lane < at.width; lane += CK_VECTOR)
            for (size_t k = 0; k < DEPTH; k += CK_VECTOR) {
              prefetch_rows(CK_VECTOR, weights + ((first + o + lane) * 9 + tap) * inputs + i + k + DEPTH, 9 * inputs);
              transpose_block(
                  weights + ((first + o + lane) * 9 + tap) * inputs + i + k, 9 * inputs,
                  taps + (k * 9 + tap) * at.width + lane, 9 * at.width);
            }
      for (size_t k = 0; k < DEPTH; k++)
        WINOGRAD(filter)(taps + k * 9 * at.width, at.width, at, v + place_in(&at, 0, i + k, o));
    }
}

// y = x ∗ weights + bias (which may be null); with `backward` the gradient of the input of that.
static void WINOGRAD(convolve)(
    const struct ck_winograd *w, int backward, const float *x, const float *weights, const float *bias, float *y,
    float *scratch) {
  const size_t tiles = w->batch * WINOGRAD(tiles_down)(w) * WINOGRAD(tiles_across)(w), group = w->group;
  const size_t width = panel_width(group);
  const struct planes in = matrices(w->tiles, w->inputs), out = matrices(w->tiles, group);
  const struct planes filters = {w->inputs * group + 16, w->inputs * width, width, width};
  float *u = scratch, *m = u + PLANES * in.plane, *v = m + PLANES * out.plane;
  if (group == w->outputs) WINOGRAD(filters)(w, backward, 0, group, weights, filters, v);
  for (size_t first = 0; first < tiles; first += w->tiles) {
    const size_t count = tiles - first < w->tiles ? tiles - first : w->tiles;
    WINOGRAD(input)(w, first, count, x, in, u);
    for (size_t o = 0; o < w->outputs; o += group) {
      if (group < w->outputs) WINOGRAD(filters)(w, backward, o, group, weights, filters, v);
      for (size_t p = 0; p < PLANES; p++)
        plane_product(
            count, group, w->inputs, u + p * in.plane, 0, in.tile, &filters, v + p * filters.plane, m + p * out.plane,
            out.tile, 0);
      WINOGRAD(output)(w, first, count, o, group, out, m, bias, y);
    }
  }
}

#include "winograd_weights.h"

#undef PLANES
#undef TILE_IN
