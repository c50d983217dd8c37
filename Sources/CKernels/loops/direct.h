// Convolution without columns: bands of the input are copied once with their padding, and the windows of a row of
// outputs are rows of a matrix as they lie there, `stride` pixels apart. Each kernel row is one run of terms. One
// group, no dilation.

// The padded rows of a band, and the floats of one of them. After the last row there is room for a register.
CK_INLINE size_t band_rows(const struct ck_direct *d, size_t outputs) {
  return (outputs - 1) * (size_t)d->stride_height + (size_t)d->kernel_height;
}

CK_INLINE size_t band_row(const struct ck_direct *d) {
  return (size_t)((d->output_width - 1) * d->stride_width + d->kernel_width) * d->inputs;
}

// Copies the input rows under the output rows first ..< first + outputs, with zeros where there is padding.
static void copy_band(const struct ck_direct *d, size_t first, size_t outputs, const float *sample, float *band) {
  const size_t rows = band_rows(d, outputs), length = band_row(d), channels = d->inputs;
  const ptrdiff_t width = (ptrdiff_t)(length / channels), left = d->pad_left < width ? d->pad_left : width;
  ptrdiff_t inside = d->input_width < width - left ? d->input_width : width - left;
  if (inside < 0) inside = 0;
  for (size_t i = 0; i < rows; i++, band += length) {
    const ptrdiff_t row = (ptrdiff_t)(first * (size_t)d->stride_height + i) - d->pad_top;
    if (row < 0 || row >= d->input_height) {
      zero_run(length, band);
      continue;
    }
    zero_run((size_t)left * channels, band);
    copy_run(
        (size_t)inside * channels, sample + (size_t)(row * d->input_width) * channels, band + (size_t)left * channels);
    zero_run((size_t)(width - left - inside) * channels, band + (size_t)(left + inside) * channels);
  }
  zero_run(2 * CK_VECTOR, band);
}

static void direct_pack(size_t inputs, size_t outputs, size_t taps, const float *weights, float *packed) {
  pack(taps * inputs, outputs, weights, 1, taps * inputs, packed);
}

// On the way from dy to dx the roles of inputs and outputs are exchanged.
static void direct_pack_backward(
    size_t inputs, size_t outputs, const struct ck_taps *taps, const float *weights, float *packed) {
  for (size_t first = 0; first < inputs;) {
    const size_t left = inputs - first, width = left >= 2 * CK_VECTOR ? 2 * CK_VECTOR : CK_VECTOR;
    const size_t count = left < width ? left : width;
    for (ptrdiff_t row = 0; row < taps->height; row++)
      for (ptrdiff_t column = 0; column < taps->width; column++, packed += outputs * width) {
        const size_t tap = (size_t)(taps->first + row * taps->down + column * taps->across);
        pack_panel(outputs, count, width, weights + tap * inputs + first, taps->count * inputs, 1, packed);
      }
    first += count;
  }
}

// Some of the terms of a window: kernel rows, and of each of them a stretch of its run.
struct stretch {
  size_t row, rows;
  size_t first, count;
};

// From so many terms side by side on a sum is long.
enum { LONG_SUM = 32 };

// One panel of the outputs of a band: `t` are the terms of a stretch.
#define DIRECT_ROWS(product)                                                  \
  for (size_t row = 0; row < rows; row++) {                                   \
    const float *from = band + (row * (size_t)d->stride_height + s.row) * length + s.first; \
    float *to = y + row * d->output_row;                                      \
    product;                                                                  \
  }

// Adds the terms of one stretch to the outputs of a band, or writes them if it is the first; `packed` are the weights
// of all terms. The part of a panel that belongs to the stretch stays in the first-level cache meanwhile.
static void direct_stretch(
    const struct ck_direct *d, size_t rows, struct stretch s, const float *band, const float *packed, float *y,
    int adding) {
  const size_t length = band_row(d), run = (size_t)d->kernel_width * d->inputs, width = (size_t)d->output_width;
  const size_t inner = (size_t)d->kernel_height * run, step = (size_t)d->stride_width * d->inputs;
  const size_t start = s.row * run + s.first;
  const int is_long = s.rows == 1 && s.count >= LONG_SUM;
#define WIDE(column, vectors)                                                                                  \
  const struct terms t = {s.rows, s.count, step, 1, length, vectors * CK_VECTOR, run * vectors * CK_VECTOR};   \
  const float *panel = packed + column * inner + start * t.b_step;                                             \
  if (is_long)                                                                                                 \
    DIRECT_ROWS(long_panel(width, vectors, s.count, from, 0, step, panel, to + column, d->output_step, adding)) \
  else                                                                                                         \
    DIRECT_ROWS(product_panel(width, vectors, &t, from, panel, to + column, d->output_step, adding))
#define REST(column, columns)                                                                                  \
  const struct terms t = {s.rows, s.count, step, 1, length, CK_VECTOR, run * CK_VECTOR};                       \
  const float *panel = packed + column * inner + start * t.b_step;                                             \
  DIRECT_ROWS(product_rest(width, columns, &t, from, panel, to + column, d->output_step, adding))
  FOR_EACH_PANEL(d->outputs, WIDE, REST);
#undef WIDE
#undef REST
}
#undef DIRECT_ROWS

// All terms of the windows of a band: at most INNER_BLOCK at a time. Without any the outputs are zero.
static void direct_band(const struct ck_direct *d, size_t rows, const float *band, const float *packed, float *y) {
  const size_t run = (size_t)d->kernel_width * d->inputs, height = run > 0 ? (size_t)d->kernel_height : 0;
  const size_t together = run > 0 && run < INNER_BLOCK ? INNER_BLOCK / run : 1;
  if (height == 0) direct_stretch(d, rows, (struct stretch){0}, band, packed, y, 0);
  for (size_t row = 0; row < height; row += together)
    for (size_t k = 0; k < run; k += INNER_BLOCK) {
      const struct stretch s = {
          row, height - row < together ? height - row : together, k, run - k < INNER_BLOCK ? run - k : INNER_BLOCK};
      direct_stretch(d, rows, s, band, packed, y, row + k > 0);
    }
}

// y = x ∗ weights + bias (which may be null, and must be so if the outputs lie apart), with packed weights.
static void direct_forward(
    const struct ck_direct *d, const float *x, const float *packed, const float *bias, float *y, float *band) {
  for (size_t sample = 0; sample < d->batch; sample++, x += (size_t)(d->input_height * d->input_width) * d->inputs)
    for (size_t first = 0; first < (size_t)d->output_height; first += d->rows) {
      const size_t left = (size_t)d->output_height - first, rows = left < d->rows ? left : d->rows;
      float *block = y + sample * d->output_sample + first * d->output_row;
      copy_band(d, first, rows, x, band);
      direct_band(d, rows, band, packed, block);
      if (bias != NULL) add_row(rows * (size_t)d->output_width, d->outputs, bias, block);
    }
}

// The gradient of the weights, [output][tap][input]: in float over the outputs of a band, band by band.
static void direct_backward_weights(
    const struct ck_direct *d, const float *x, const float *dy, float *d_weights, float *band) {
  const size_t length = band_row(d), run = (size_t)d->kernel_width * d->inputs;
  const size_t inner = (size_t)d->kernel_height * run, width = (size_t)d->output_width;
  int adding = 0;
  for (size_t sample = 0; sample < d->batch; sample++, x += (size_t)(d->input_height * d->input_width) * d->inputs)
    for (size_t first = 0; first < (size_t)d->output_height; first += d->rows, adding = 1) {
      const size_t left = (size_t)d->output_height - first, rows = left < d->rows ? left : d->rows;
      copy_band(d, first, rows, x, band);
      const struct terms t = {rows, width, 1, d->outputs, width * d->outputs, (size_t)d->stride_width * d->inputs,
                              (size_t)d->stride_height * length};
      for (size_t row = 0; row < (size_t)d->kernel_height; row++) {
        const float *from = band + row * length;
        float *to = d_weights + row * run;
#define WIDE(column, vectors) product_panel(d->outputs, vectors, &t, dy, from + column, to + column, inner, adding);
#define REST(column, count) product_rest(d->outputs, count, &t, dy, from + column, to + column, inner, adding);
        FOR_EACH_PANEL(run, WIDE, REST);
#undef WIDE
#undef REST
      }
      dy += rows * width * d->outputs;
    }
}
