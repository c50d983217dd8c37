// Depthwise convolution: each channel has a filter of its own, taps[tap][channel]. Vectors run over the channels:
// groups of DEPTHWISE_WIDTH registers, then single registers, then single channels, all by the same code.

enum { DEPTHWISE_WIDTH = 4 };

// sums[0 ..< lanes] += x · tap; `lanes` is a constant where this is inlined.
CK_INLINE void add_products(const size_t lanes, const float *x, const float *tap, float *restrict sums) {
  for (size_t i = 0; i < lanes; i++) sums[i] = x[i] * tap[i] + sums[i];
}

// Calls body(first channel, lanes) for all channels, lanes being a constant in each call.
#define FOR_EACH_GROUP(channels, body, ...)                                             \
  do {                                                                                  \
    size_t first = 0;                                                                   \
    for (; first + DEPTHWISE_WIDTH * CK_VECTOR <= (channels); first += DEPTHWISE_WIDTH * CK_VECTOR) \
      body(first, DEPTHWISE_WIDTH * CK_VECTOR, __VA_ARGS__);                            \
    for (; first + CK_VECTOR <= (channels); first += CK_VECTOR) body(first, CK_VECTOR, __VA_ARGS__); \
    for (; first < (channels); first++) body(first, 1, __VA_ARGS__);                    \
  } while (0)

CK_INLINE void depthwise_output(
    size_t first, const size_t lanes, const struct ck_window *w, const struct pixel *p, struct taps down,
    struct taps across, size_t channels, const float *sample, const float *taps, const float *bias, float *y) {
  float sums[DEPTHWISE_WIDTH * CK_VECTOR];
  // Two loops: one with a choice in it becomes masked loads of a null pointer, each of which takes a hundred cycles.
  if (bias != NULL)
    for (size_t i = 0; i < lanes; i++) sums[i] = bias[first + i];
  else
    for (size_t i = 0; i < lanes; i++) sums[i] = 0;
  for (ptrdiff_t row = down.first; row < down.last; row++)
    for (ptrdiff_t column = across.first; column < across.last; column++)
      add_products(
          lanes, sample + position(w, p, row, column) * channels + first,
          taps + (size_t)(row * w->kernel_width + column) * channels + first, sums);
  for (size_t i = 0; i < lanes; i++) y[first + i] = sums[i];
}

static void depthwise_forward(
    const struct ck_window *w, size_t channels, size_t batch, const float *x, const float *taps, const float *bias,
    float *y) {
  struct pixel p = pixel_at(w, 0);
  const size_t pixels = output_pixels(w, batch);
  for (size_t i = 0; i < pixels; i++, advance(w, &p), y += channels) {
    const float *sample = x + p.sample * plane(w) * channels;
    const struct taps down = taps_inside(p.top, w->dilation_height, w->kernel_height, w->input_height);
    const struct taps across = taps_inside(p.left, w->dilation_width, w->kernel_width, w->input_width);
    FOR_EACH_GROUP(channels, depthwise_output, w, &p, down, across, channels, sample, taps, bias, y);
  }
}

// The output position along one axis whose window has its tap `tap` at `position`, or -1.
CK_INLINE ptrdiff_t output_of(
    ptrdiff_t position, ptrdiff_t tap, ptrdiff_t pad, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t outputs) {
  const ptrdiff_t distance = position + pad - tap * dilation;
  if (distance < 0) return -1;
  const uint32_t step = (uint32_t)distance / (uint32_t)stride;
  return step * (uint32_t)stride == (uint32_t)distance && (ptrdiff_t)step < outputs ? (ptrdiff_t)step : -1;
}

CK_INLINE void depthwise_input(
    size_t first, const size_t lanes, const struct ck_window *w, ptrdiff_t row, ptrdiff_t column, size_t channels,
    const float *dy, const float *taps, float *dx) {
  float sums[DEPTHWISE_WIDTH * CK_VECTOR];
  for (size_t i = 0; i < lanes; i++) sums[i] = 0;
  for (ptrdiff_t u = 0; u < w->kernel_height; u++) {
    const ptrdiff_t i = output_of(row, u, w->pad_top, w->stride_height, w->dilation_height, w->output_height);
    for (ptrdiff_t v = 0; i >= 0 && v < w->kernel_width; v++) {
      const ptrdiff_t j = output_of(column, v, w->pad_left, w->stride_width, w->dilation_width, w->output_width);
      if (j < 0) continue;
      add_products(
          lanes, dy + (size_t)(i * w->output_width + j) * channels + first,
          taps + (size_t)(u * w->kernel_width + v) * channels + first, sums);
    }
  }
  for (size_t i = 0; i < lanes; i++) dx[first + i] = sums[i];
}

static void depthwise_backward_data(
    const struct ck_window *w, size_t channels, size_t batch, const float *dy, const float *taps, float *dx) {
  for (size_t sample = 0; sample < batch; sample++, dy += (size_t)(w->output_height * w->output_width) * channels)
    for (ptrdiff_t row = 0; row < w->input_height; row++)
      for (ptrdiff_t column = 0; column < w->input_width; column++, dx += channels)
        FOR_EACH_GROUP(channels, depthwise_input, w, row, column, channels, dy, taps, dx);
}

// The outputs along one axis whose tap `tap` falls on the input: first ..< last.
CK_INLINE struct taps outputs_inside(
    ptrdiff_t tap, ptrdiff_t pad, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t inputs, ptrdiff_t outputs) {
  const ptrdiff_t offset = tap * dilation - pad;
  const ptrdiff_t first = offset < 0 ? (-offset + stride - 1) / stride : 0;
  const ptrdiff_t end = offset < inputs ? (inputs - offset - 1) / stride + 1 : 0;
  const ptrdiff_t last = end < outputs ? end : outputs;
  return (struct taps){first, last < first ? first : last};
}

// The outputs whose tap falls on the input, and where it falls for the output 0, 0.
struct tap_walk {
  struct taps down, across;
  ptrdiff_t top, left;
};

// d_tap[channel] = Σ x · dy over those outputs of all samples; a row of them is summed in float, the rows in double.
CK_INLINE void depthwise_tap(
    size_t first, const size_t lanes, const struct ck_window *w, const struct tap_walk *walk, size_t channels,
    size_t batch, const float *x, const float *dy, float *d_tap) {
  double totals[DEPTHWISE_WIDTH * CK_VECTOR] = {0};
  for (size_t sample = 0; sample < batch; sample++)
    for (ptrdiff_t i = walk->down.first; i < walk->down.last; i++) {
      const ptrdiff_t row = i * w->stride_height + walk->top;
      const ptrdiff_t column = walk->across.first * w->stride_width + walk->left;
      const size_t output = (sample * (size_t)w->output_height + (size_t)i) * (size_t)w->output_width;
      const float *from = x + (sample * plane(w) + (size_t)(row * w->input_width + column)) * channels + first;
      const float *to = dy + (output + (size_t)walk->across.first) * channels + first;
      float sums[DEPTHWISE_WIDTH * CK_VECTOR];
      for (size_t lane = 0; lane < lanes; lane++) sums[lane] = 0;
      for (ptrdiff_t j = walk->across.first; j < walk->across.last; j++) {
        add_products(lanes, from, to, sums);
        from += (size_t)w->stride_width * channels;
        to += channels;
      }
      for (size_t lane = 0; lane < lanes; lane++) totals[lane] += (double)sums[lane];
    }
  for (size_t lane = 0; lane < lanes; lane++) d_tap[first + lane] = (float)totals[lane];
}

static void depthwise_backward_weights(
    const struct ck_window *w, size_t channels, size_t batch, const float *x, const float *dy, float *d_taps) {
  for (ptrdiff_t u = 0; u < w->kernel_height; u++)
    for (ptrdiff_t v = 0; v < w->kernel_width; v++, d_taps += channels) {
      const struct tap_walk walk = {
          outputs_inside(u, w->pad_top, w->stride_height, w->dilation_height, w->input_height, w->output_height),
          outputs_inside(v, w->pad_left, w->stride_width, w->dilation_width, w->input_width, w->output_width),
          u * w->dilation_height - w->pad_top, v * w->dilation_width - w->pad_left};
      FOR_EACH_GROUP(channels, depthwise_tap, w, &walk, channels, batch, x, dy, d_taps);
    }
}
