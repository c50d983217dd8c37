// Convolution of 3×3 kernels with stride 1 by Winograd's minimal filtering F(4×4, 3×3): tiles of 6×6 inputs that
// overlap by two give tiles of 4×4 outputs with 36 products instead of 144.
//
// Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015, sections 4 and 5; the points 0, ±a,
// ±b and ∞ with a = 1/√2 and b = √2 make half the error of ±1 and ±2 (Barabasz et al., "Error analysis and improving the
// accuracy of Winograd convolution for deep neural networks", ACM TOMS 46 (2020)).
//
// Channels are multiples of 16. Planes are the 36 products of a tile; each holds a matrix [tile][channel].

enum { TILE_IN = 6, TILE_OUT = 4, PLANES = TILE_IN * TILE_IN };

// a, b, a³, b³; a² = 1/2, b² = 2, a²b² = 1.
#define WA 0.707106781186547524f
#define WB 1.41421356237309505f
#define WAAA 0.353553390593273762f
#define WBBB 2.82842712474619010f

CK_INLINE void winograd_input_line(const vector d[TILE_IN], vector o[TILE_IN]) {
  const vector e = d[4] - 2.0f * d[2], f = WA * (d[3] - 2.0f * d[1]);
  const vector g = d[4] - 0.5f * d[2], h = WB * (d[3] - 0.5f * d[1]);
  o[0] = d[4] - 2.5f * d[2] + d[0];
  o[1] = e + f;
  o[2] = e - f;
  o[3] = g + h;
  o[4] = g - h;
  o[5] = d[5] - 2.5f * d[3] + d[1];
}

CK_INLINE void winograd_filter_line(const vector g[3], vector o[TILE_IN]) {
  const vector e = g[0] + 0.5f * g[2], f = WA * g[1], h = g[0] + 2.0f * g[2], i = WB * g[1];
  o[0] = g[0];
  o[1] = (-2.0f / 3) * (e + f);
  o[2] = (-2.0f / 3) * (e - f);
  o[3] = (1.0f / 6) * (h + i);
  o[4] = (1.0f / 6) * (h - i);
  o[5] = g[2];
}

CK_INLINE void winograd_gradient_line(const vector g[TILE_OUT], vector o[TILE_IN]) {
  const vector e = g[0] + 0.5f * g[2], f = WA * (g[1] + 0.5f * g[3]);
  const vector h = g[0] + 2.0f * g[2], i = WB * (g[1] + 2.0f * g[3]);
  o[0] = g[0];
  o[1] = (-2.0f / 3) * (e + f);
  o[2] = (-2.0f / 3) * (e - f);
  o[3] = (1.0f / 6) * (h + i);
  o[4] = (1.0f / 6) * (h - i);
  o[5] = g[3];
}

CK_INLINE void winograd_output_line(const vector m[TILE_IN], vector o[TILE_OUT]) {
  const vector s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
  o[0] = m[0] + s1 + s2;
  o[1] = WA * d1 + WB * d2;
  o[2] = 0.5f * s1 + 2.0f * s2;
  o[3] = WAAA * d1 + WBBB * d2 + m[5];
}

CK_INLINE void winograd_weights_line(const vector m[TILE_IN], vector o[3]) {
  const vector s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
  o[0] = m[0] + s1 + s2;
  o[1] = WA * d1 + WB * d2;
  o[2] = 0.5f * s1 + 2.0f * s2 + m[5];
}

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

// Where a tile of `size`×`size` pixels lies in an image, and which part of it is inside.
struct tile {
  ptrdiff_t sample, top, left;
  int is_inside;
};

CK_INLINE struct tile tile_at(
    size_t index, size_t down, size_t across, ptrdiff_t pad_top, ptrdiff_t pad_left, ptrdiff_t height, ptrdiff_t width,
    ptrdiff_t size) {
  const struct tile t = {
      .sample = (ptrdiff_t)(index / (down * across)),
      .top = (ptrdiff_t)(index / across % down) * TILE_OUT - pad_top,
      .left = (ptrdiff_t)(index % across) * TILE_OUT - pad_left,
  };
  return (struct tile){
      t.sample, t.top, t.left,
      t.top >= 0 && t.left >= 0 && t.top + size <= height && t.left + size <= width};
}

CK_INLINE size_t tiles_down(const struct ck_winograd *w) { return (size_t)(w->output_height + 3) / TILE_OUT; }
CK_INLINE size_t tiles_across(const struct ck_winograd *w) { return (size_t)(w->output_width + 3) / TILE_OUT; }

// Reads a pixel of a tile, or zero outside of the image.
#define TILE_PIXEL(row, column)                                                                      \
  (t.is_inside || (t.top + (row) >= 0 && t.top + (row) < height && t.left + (column) >= 0 && t.left + (column) < width) \
       ? load(corner + ((row) * width + (column)) * (ptrdiff_t)channels + c)                          \
       : (vector){0})

// Where the number of (plane, tile, channel) lies: in matrices [tile][channel], or cut into panels of channels.
struct planes {
  size_t plane, panel, width, tile;
};

// The width of the panels of a matrix whose columns are a multiple of 16.
CK_INLINE size_t panel_width(size_t columns) { return columns % (2 * CK_VECTOR) == 0 ? 2 * CK_VECTOR : CK_VECTOR; }

// c[rows][columns] = a · b for a plane of b in panels, or += if `adding`.
CK_INLINE void plane_product(
    size_t rows, size_t columns, size_t inner, const float *a, size_t a_row, size_t a_step, const struct planes *at,
    const float *b, float *c, size_t c_row, int adding) {
  for (size_t column = 0; column < columns; column += at->width, b += at->panel)
    for (size_t k = 0; k < inner; k += INNER_BLOCK) {
      const struct terms t = {1, inner - k < INNER_BLOCK ? inner - k : INNER_BLOCK, a_row, a_step, 0, at->tile, 0};
      const float *left = a + k * a_step, *right = b + k * at->tile;
      if (at->width > CK_VECTOR)
        product_panel(rows, 2, &t, left, right, c + column, c_row, adding || k > 0);
      else
        product_panel(rows, 1, &t, left, right, c + column, c_row, adding || k > 0);
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

// The transformed tiles of the input, from tile `first` on.
static void winograd_input(
    const struct ck_winograd *w, size_t first, size_t count, const float *x, struct planes at, float *u) {
  const ptrdiff_t height = w->input_height, width = w->input_width;
  const size_t channels = w->inputs;
  for (size_t i = 0; i < count; i++) {
    const struct tile t = tile_at(
        first + i, tiles_down(w), tiles_across(w), w->pad_top, w->pad_left, height, width, TILE_IN);
    const float *corner = x + ((t.sample * height + t.top) * width + t.left) * (ptrdiff_t)channels;
    for (size_t c = 0; c < channels; c += CK_VECTOR) {
      float *to = u + place_in(&at, 0, i, c);
#define PUT(row, column, v) store(to + (size_t)((row) * TILE_IN + (column)) * at.plane, v)
      if (t.is_inside)
#define GET(row, column) load(corner + ((row) * width + (column)) * (ptrdiff_t)channels + c)
        WINOGRAD_TRANSFORM(TILE_IN, TILE_IN, winograd_input_line, GET, PUT);
#undef GET
      else
        WINOGRAD_TRANSFORM(TILE_IN, TILE_IN, winograd_input_line, TILE_PIXEL, PUT);
    }
  }
}

// Transforms whose sides differ go through two different shapes, so they are written out.
static void winograd_output_gradient(
    const struct ck_winograd *w, size_t first, size_t count, const float *dy, struct planes at, float *d) {
  const ptrdiff_t height = w->output_height, width = w->output_width;
  const size_t channels = w->outputs;
  for (size_t i = 0; i < count; i++) {
    const struct tile t = tile_at(first + i, tiles_down(w), tiles_across(w), 0, 0, height, width, TILE_OUT);
    const float *corner = dy + ((t.sample * height + t.top) * width + t.left) * (ptrdiff_t)channels;
    for (size_t c = 0; c < channels; c += CK_VECTOR) {
      float *to = d + place_in(&at, 0, i, c);
      vector half[TILE_IN][TILE_OUT];
#pragma clang loop unroll(full)
      for (int column = 0; column < TILE_OUT; column++) {
        vector in[TILE_OUT], out[TILE_IN];
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_OUT; row++) in[row] = TILE_PIXEL(row, column);
        winograd_gradient_line(in, out);
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_IN; row++) half[row][column] = out[row];
      }
#pragma clang loop unroll(full)
      for (int row = 0; row < TILE_IN; row++) {
        vector out[TILE_IN];
        winograd_gradient_line(half[row], out);
#pragma clang loop unroll(full)
        for (int column = 0; column < TILE_IN; column++) PUT(row, column, out[column]);
      }
    }
  }
}
#undef PUT

// `group` channels, from `channel` on, of the outputs of the tiles from `first` on, out of the products.
static void winograd_output(
    const struct ck_winograd *w, size_t first, size_t count, size_t channel, size_t group, struct planes at,
    const float *m, const float *bias, float *y) {
  const ptrdiff_t height = w->output_height, width = w->output_width;
  const size_t channels = w->outputs;
  for (size_t i = 0; i < count; i++) {
    const struct tile t = tile_at(first + i, tiles_down(w), tiles_across(w), 0, 0, height, width, TILE_OUT);
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
        winograd_output_line(in, out);
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_OUT; row++) half[row][column] = out[row];
      }
      for (int row = 0; row < rows; row++) {
        vector out[TILE_OUT];
        winograd_output_line(half[row], out);
        for (int column = 0; column < columns; column++)
          store(corner + (row * width + column) * (ptrdiff_t)channels + (ptrdiff_t)(channel + c), out[column] + added);
      }
    }
  }
}

// One filter bank of `lanes` outputs, taps[tap][lane], for input channel `input` of the panels `v`.
CK_INLINE void winograd_filter(const float *taps, size_t lanes, struct planes at, float *to) {
  for (size_t lane = 0; lane < lanes; lane += CK_VECTOR) {
    vector half[TILE_IN][3];
#pragma clang loop unroll(full)
    for (int column = 0; column < 3; column++) {
      vector in[3], out[TILE_IN];
#pragma clang loop unroll(full)
      for (int row = 0; row < 3; row++) in[row] = load(taps + (size_t)(row * 3 + column) * lanes + lane);
      winograd_filter_line(in, out);
#pragma clang loop unroll(full)
      for (int row = 0; row < TILE_IN; row++) half[row][column] = out[row];
    }
#pragma clang loop unroll(full)
    for (int row = 0; row < TILE_IN; row++) {
      vector out[TILE_IN];
      winograd_filter_line(half[row], out);
#pragma clang loop unroll(full)
      for (int column = 0; column < TILE_IN; column++)
        store(to + (size_t)(row * TILE_IN + column) * at.plane + lane, out[column]);
    }
  }
}

// The transformed filters of the outputs `first ..< first + count` as panels: v[plane][panel][input][output].
//
// `weights` are [output][tap][input] of the layer. With `backward` the roles of inputs and outputs are exchanged and the
// taps turned round: what takes dy to dx. w->inputs and w->outputs are the channels of what goes in and comes out here.
static void winograd_filters(
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
          for (size_t lane = 0; lane < at.width; lane++)
            for (size_t k = 0; k < DEPTH; k++)
              taps[(k * 9 + tap) * at.width + lane] = weights[((first + o + lane) * 9 + tap) * inputs + i + k];
      for (size_t k = 0; k < DEPTH; k++)
        winograd_filter(taps + k * 9 * at.width, at.width, at, v + place_in(&at, 0, i + k, o));
    }
}

// y = x ∗ weights + bias (which may be null); with `backward` the gradient of the input of that.
static void winograd_convolve(
    const struct ck_winograd *w, int backward, const float *x, const float *weights, const float *bias, float *y,
    float *scratch) {
  const size_t tiles = w->batch * tiles_down(w) * tiles_across(w), group = w->group;
  const size_t width = panel_width(group);
  const struct planes in = matrices(w->tiles, w->inputs), out = matrices(w->tiles, group);
  const struct planes filters = {w->inputs * group + 16, w->inputs * width, width, width};
  float *u = scratch, *m = u + PLANES * in.plane, *v = m + PLANES * out.plane;
  if (group == w->outputs) winograd_filters(w, backward, 0, group, weights, filters, v);
  for (size_t first = 0; first < tiles; first += w->tiles) {
    const size_t count = tiles - first < w->tiles ? tiles - first : w->tiles;
    winograd_input(w, first, count, x, in, u);
    for (size_t o = 0; o < w->outputs; o += group) {
      if (group < w->outputs) winograd_filters(w, backward, o, group, weights, filters, v);
      for (size_t p = 0; p < PLANES; p++)
        plane_product(
            count, group, w->inputs, u + p * in.plane, in.tile, 1, &filters, v + p * filters.plane, m + p * out.plane,
            out.tile, 0);
      winograd_output(w, first, count, o, group, out, m, bias, y);
    }
  }
}

// dW[output][tap][input] out of the sums over all tiles of dyᵀ · x, plane by plane.
static void winograd_weights(const struct ck_winograd *w, const float *sums, float *weights) {
  const size_t plane = w->inputs * w->outputs + 16;
  for (size_t o = 0; o < w->outputs; o++) {
    for (size_t c = 0; c < w->inputs; c += CK_VECTOR) {
      const float *from = sums + o * w->inputs + c;
      vector half[3][TILE_IN];
#pragma clang loop unroll(full)
      for (int column = 0; column < TILE_IN; column++) {
        vector in[TILE_IN], out[3];
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_IN; row++) in[row] = load(from + (size_t)(row * TILE_IN + column) * plane);
        winograd_weights_line(in, out);
#pragma clang loop unroll(full)
        for (int row = 0; row < 3; row++) half[row][column] = out[row];
      }
#pragma clang loop unroll(full)
      for (int row = 0; row < 3; row++) {
        vector out[3];
        winograd_weights_line(half[row], out);
#pragma clang loop unroll(full)
        for (int column = 0; column < 3; column++)
          store(weights + (o * 9 + (size_t)(row * 3 + column)) * w->inputs + c, out[column]);
      }
    }
  }
}

static void winograd_backward_weights(
    const struct ck_winograd *w, const float *x, const float *dy, float *d_weights, float *scratch) {
  const size_t tiles = w->batch * tiles_down(w) * tiles_across(w), plane = w->inputs * w->outputs + 16;
  const struct planes in = panels(w->tiles, w->inputs), out = matrices(w->tiles, w->outputs);
  float *u = scratch, *d = u + PLANES * in.plane, *sums = d + PLANES * out.plane;
  for (size_t first = 0; first < tiles; first += w->tiles) {
    const size_t count = tiles - first < w->tiles ? tiles - first : w->tiles;
    const struct planes cut = {in.plane, count * in.width, in.width, in.width};
    winograd_input(w, first, count, x, cut, u);
    winograd_output_gradient(w, first, count, dy, out, d);
    for (size_t p = 0; p < PLANES; p++)
      plane_product(
          w->outputs, w->inputs, count, d + p * out.plane, 1, out.tile, &cut, u + p * in.plane, sums + p * plane,
          w->inputs, first > 0);
  }
  winograd_weights(w, sums, d_weights);
}
