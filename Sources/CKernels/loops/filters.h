// Fixed filters over each channel alone.
//
// Where windows are one position apart, the inputs under one tap of a whole row of windows lie side by side in memory,
// as its outputs do: the vector runs over [column][channel]. Otherwise such a strip is a single column. The filters of
// a channel lie side by side in the output, so that what is a vector in the input is strided there.

struct strip {
  size_t columns;  // windows in the strip
  ptrdiff_t lanes; // floats of the strip in the input under one tap
};

CK_INLINE struct strip strip_of(const struct ck_window *w, size_t channels) {
  const size_t columns = w->stride_width == 1 ? (size_t)w->output_width : 1;
  return (struct strip){columns, (ptrdiff_t)(columns * channels)};
}

// Calls body(weight, lane, count, at) for each tap that falls on the input for some of the `lanes` lanes from `first`
// on of the strip at pixel p: for `count` lanes from `lane` on, the inputs from `at` on in the sample.
#define FOR_EACH_STRIP_TAP(w, p, channels, filter, first, lanes, body)                                             \
  do {                                                                                                             \
    const struct taps down = taps_inside((p)->top, (w)->dilation_height, (w)->kernel_height, (w)->input_height);   \
    const ptrdiff_t width = (w)->input_width * (ptrdiff_t)(channels);                                              \
    for (ptrdiff_t row = down.first; row < down.last; row++)                                                       \
      for (ptrdiff_t column = 0; column < (w)->kernel_width; column++) {                                           \
        const float weight = (filter)[row * (w)->kernel_width + column];                                           \
        const ptrdiff_t start = ((p)->left + column * (w)->dilation_width) * (ptrdiff_t)(channels) + (first);      \
        const ptrdiff_t lane = start < 0 ? -start : 0;                                                             \
        const ptrdiff_t count = ((lanes) < width - start ? (lanes) : width - start) - lane;                        \
        const ptrdiff_t at = ((p)->top + row * (w)->dilation_height) * width + start + lane;                       \
        if (count > 0) body                                                                                        \
      }                                                                                                            \
  } while (0)

CK_INLINE void filter_lanes(
    const struct ck_window *w, const struct pixel *p, size_t channels, const float *filter, ptrdiff_t first,
    ptrdiff_t lanes, const float *x, float *sums) {
  for (ptrdiff_t i = 0; i < lanes; i++) sums[i] = 0;
  FOR_EACH_STRIP_TAP(w, p, channels, filter, first, lanes, {
    if (count == LANES)
      add_scaled(LANES, weight, x + at, sums);
    else
      add_scaled((size_t)count, weight, x + at, sums + lane);
  });
}

CK_INLINE void spread_lanes(
    const struct ck_window *w, const struct pixel *p, size_t channels, const float *filter, ptrdiff_t first,
    ptrdiff_t lanes, const float *gradients, float *dx) {
  FOR_EACH_STRIP_TAP(w, p, channels, filter, first, lanes, {
    if (count == LANES)
      add_scaled(LANES, weight, gradients, dx + at);
    else
      add_scaled((size_t)count, weight, gradients + lane, dx + at);
  });
}

// The pixel of the next strip.
CK_INLINE void advance_strip(const struct ck_window *w, const struct strip *s, struct pixel *p) {
  p->column += (ptrdiff_t)s->columns - 1;
  advance(w, p);
}

static void filters_forward(
    const struct ck_window *w, size_t channels, size_t filters, size_t batch, const float *weights, const float *x,
    float *y) {
  const struct strip s = strip_of(w, channels);
  const size_t pixels = output_pixels(w, batch), taps = (size_t)(w->kernel_height * w->kernel_width);
  struct pixel p = pixel_at(w, 0);
  for (size_t pixel = 0; pixel < pixels; pixel += s.columns, advance_strip(w, &s, &p)) {
    const float *sample = x + p.sample * plane(w) * channels;
    float *outputs = y + pixel * channels * filters;
    for (ptrdiff_t first = 0; first < s.lanes; first += LANES) {
      const ptrdiff_t lanes = s.lanes - first < LANES ? s.lanes - first : LANES;
      for (size_t filter = 0; filter < filters; filter++) {
        float sums[LANES];
        filter_lanes(w, &p, channels, weights + filter * taps, first, lanes, sample, sums);
        for (ptrdiff_t i = 0; i < lanes; i++) outputs[(size_t)(first + i) * filters + filter] = sums[i];
      }
    }
  }
}

static void filters_backward(
    const struct ck_window *w, size_t channels, size_t filters, size_t batch, const float *weights, const float *dy,
    float *dx) {
  const struct strip s = strip_of(w, channels);
  const size_t pixels = output_pixels(w, batch), taps = (size_t)(w->kernel_height * w->kernel_width);
  struct pixel p = pixel_at(w, 0);
  zero_run(batch * plane(w) * channels, dx);
  for (size_t pixel = 0; pixel < pixels; pixel += s.columns, advance_strip(w, &s, &p)) {
    float *sample = dx + p.sample * plane(w) * channels;
    const float *outputs = dy + pixel * channels * filters;
    for (ptrdiff_t first = 0; first < s.lanes; first += LANES) {
      const ptrdiff_t lanes = s.lanes - first < LANES ? s.lanes - first : LANES;
      for (size_t filter = 0; filter < filters; filter++) {
        float gradients[LANES];
        for (ptrdiff_t i = 0; i < lanes; i++) gradients[i] = outputs[(size_t)(first + i) * filters + filter];
        spread_lanes(w, &p, channels, weights + filter * taps, first, lanes, gradients, sample);
      }
    }
  }
}
