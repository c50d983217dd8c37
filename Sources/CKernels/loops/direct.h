// Convolution without columns: bands of the input are copied once with their padding, and the windows of a row of outputs
// are rows of a matrix as they lie there, `stride` pixels apart. Each kernel row is one run of terms. One group, no dilation.

// The padded rows of a band, and the numbers of one of them. Behind the last row there is room for a register.
CK_INLINE size_t band_rows(const struct ck_direct *d, size_t outputs) {
  return (outputs - 1) * (size_t)d->stride_height + (size_t)d->kernel_height;
}

CK_INLINE size_t band_row(const struct ck_direct *d) {
  return ((size_t)(d->output_width - 1) * (size_t)d->stride_width + (size_t)d->kernel_width) * d->inputs;
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
    copy_run((size_t)inside * channels, sample + (size_t)(row * d->input_width) * channels, band + (size_t)left * channels);
    zero_run((size_t)(width - left - inside) * channels, band + (size_t)(left + inside) * channels);
  }
  zero_run(2 * CK_VECTOR, band);
}

// Packs weights [output][tap][input] for `direct_forward`; with `backward` for the way from dy to dx: the roles of inputs
// and outputs exchanged and the taps turned round.
static void direct_pack(
    size_t inputs, size_t outputs, size_t taps, int backward, const float *weights, float *packed) {
  if (!backward) {
    pack(taps * inputs, outputs, weights, 1, taps * inputs, packed);
    return;
  }
  const size_t all = inputs;
  for (size_t first = 0; first < all;) {
    const size_t left = all - first, width = left >= 2 * CK_VECTOR ? 2 * CK_VECTOR : CK_VECTOR;
    const size_t count = left < width ? left : width;
    for (size_t tap = 0; tap < taps; tap++, packed += outputs * width)
      pack_panel(outputs, count, width, weights + (taps - 1 - tap) * all + first, taps * all, 1, packed);
    first += count;
  }
}

// y = x ∗ weights + bias (which may be null), with packed weights.
static void direct_forward(
    const struct ck_direct *d, const float *x, const float *packed, const float *bias, float *y, float *band) {
  const size_t length = band_row(d), run = (size_t)d->kernel_width * d->inputs;
  const size_t inner = (size_t)d->kernel_height * run, width = (size_t)d->output_width;
  for (size_t sample = 0; sample < d->batch; sample++, x += (size_t)(d->input_height * d->input_width) * d->inputs)
    for (size_t first = 0; first < (size_t)d->output_height; first += d->rows) {
      const size_t left = (size_t)d->output_height - first, rows = left < d->rows ? left : d->rows;
      copy_band(d, first, rows, x, band);
#define EACH_ROW(body)                                                                                    \
  for (size_t row = 0; row < rows; row++) {                                                               \
    const float *from = band + row * (size_t)d->stride_height * length;                                   \
    float *to = y + row * width * d->outputs + column;                                                    \
    body                                                                                                  \
  }
#define WIDE(column, vectors)                                                                                  \
  const struct terms t = {                                                                                     \
      (size_t)d->kernel_height, run, (size_t)d->stride_width * d->inputs, 1, length, vectors * CK_VECTOR,      \
      run * vectors * CK_VECTOR};                                                                              \
  EACH_ROW(product_panel(width, vectors, &t, from, packed + column * inner, to, d->outputs, 0);)
#define REST(column, count)                                                                                    \
  const struct terms t = {                                                                                     \
      (size_t)d->kernel_height, run, (size_t)d->stride_width * d->inputs, 1, length, CK_VECTOR,                \
      run * CK_VECTOR};                                                                                        \
  EACH_ROW(product_rest(width, count, &t, from, packed + column * inner, to, d->outputs, 0);)
      FOR_EACH_PANEL(d->outputs, WIDE, REST);
#undef WIDE
#undef REST
#undef EACH_ROW
      if (bias != NULL) add_row(rows * width, d->outputs, bias, y);
      y += rows * width * d->outputs;
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
