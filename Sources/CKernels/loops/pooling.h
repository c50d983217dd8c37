// Pooling: the same walk, with the channels of a position as the vector.

// Calls body(position) with each input position under the window of pixel p, in row-major order.
#define FOR_EACH_TAP(w, p, body)                                                                                  \
  do {                                                                                                            \
    const struct taps down = taps_inside((p)->top, (w)->dilation_height, (w)->kernel_height, (w)->input_height);  \
    const struct taps across = taps_inside((p)->left, (w)->dilation_width, (w)->kernel_width, (w)->input_width);  \
    for (ptrdiff_t row = down.first; row < down.last; row++)                                                      \
      for (ptrdiff_t column = across.first; column < across.last; column++) {                                     \
        const size_t at = position((w), (p), row, column);                                                        \
        body                                                                                                      \
      }                                                                                                           \
  } while (0)

CK_INLINE size_t output_pixels(const struct ck_window *w, size_t batch) {
  return batch * (size_t)(w->output_height * w->output_width);
}

// A later NaN replaces what was there, as in PyTorch.
CK_INLINE void take_maximum(
    size_t channels, int32_t index, const float *restrict x, float *restrict y, int32_t *restrict indices) {
  for (size_t c = 0; c < channels; c++) {
    const int taken = x[c] > y[c] || x[c] != x[c];
    indices[c] = taken ? index : indices[c];
    y[c] = taken ? x[c] : y[c];
  }
}

// A window with no tap on the input has the maximum of the empty set, -∞, and the index -1.
CK_INLINE void start_maximum(size_t channels, int32_t index, float *restrict y, int32_t *restrict indices) {
  for (size_t c = 0; c < channels; c++) y[c] = -INFINITY;
  for (size_t c = 0; c < channels; c++) indices[c] = index;
}

static void max_forward(
    const struct ck_window *w, size_t channels, size_t batch, const float *x, float *y, int32_t *indices) {
  struct pixel p = pixel_at(w, 0);
  const size_t pixels = output_pixels(w, batch);
  for (size_t i = 0; i < pixels; i++, advance(w, &p), y += channels, indices += channels) {
    const float *sample = x + p.sample * plane(w) * channels;
    int started = 0;
    FOR_EACH_TAP(w, &p, {
      if (!started) start_maximum(channels, (int32_t)at, y, indices);
      started = 1;
      take_maximum(channels, (int32_t)at, sample + at * channels, y, indices);
    });
    if (!started) start_maximum(channels, -1, y, indices);
  }
}

CK_INLINE void add_where_taken(
    size_t channels, int32_t index, const float *restrict dy, const int32_t *restrict indices, float *restrict dx) {
  for (size_t c = 0; c < channels; c++) dx[c] += indices[c] == index ? dy[c] : 0;
}

static void max_backward(
    const struct ck_window *w, size_t channels, size_t batch, const float *dy, const int32_t *indices, float *dx) {
  struct pixel p = pixel_at(w, 0);
  const size_t pixels = output_pixels(w, batch);
  zero_run(batch * plane(w) * channels, dx);
  for (size_t i = 0; i < pixels; i++, advance(w, &p), dy += channels, indices += channels) {
    float *sample = dx + p.sample * plane(w) * channels;
    FOR_EACH_TAP(w, &p, { add_where_taken(channels, (int32_t)at, dy, indices, sample + at * channels); });
  }
}

// One over the number of positions that a window's mean is taken over.
CK_INLINE float share(const struct ck_window *w, const struct pixel *p, int include_padding) {
  if (include_padding) return 1 / (float)(w->kernel_height * w->kernel_width);
  const struct taps down = taps_inside(p->top, w->dilation_height, w->kernel_height, w->input_height);
  const struct taps across = taps_inside(p->left, w->dilation_width, w->kernel_width, w->input_width);
  const ptrdiff_t count = (down.last - down.first) * (across.last - across.first);
  return count > 0 ? 1 / (float)count : 0;
}

CK_INLINE void add_scaled(size_t n, float factor, const float *restrict x, float *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] += factor * x[i];
}

static void average_forward(
    const struct ck_window *w, size_t channels, size_t batch, int include_padding, const float *x, float *y) {
  struct pixel p = pixel_at(w, 0);
  const size_t pixels = output_pixels(w, batch);
  for (size_t i = 0; i < pixels; i++, advance(w, &p), y += channels) {
    const float *sample = x + p.sample * plane(w) * channels;
    zero_run(channels, y);
    FOR_EACH_TAP(w, &p, { add_run(channels, sample + at * channels, y); });
    scale_elements(channels, share(w, &p, include_padding), y);
  }
}

static void average_backward(
    const struct ck_window *w, size_t channels, size_t batch, int include_padding, const float *dy, float *dx) {
  struct pixel p = pixel_at(w, 0);
  const size_t pixels = output_pixels(w, batch);
  zero_run(batch * plane(w) * channels, dx);
  for (size_t i = 0; i < pixels; i++, advance(w, &p), dy += channels) {
    float *sample = dx + p.sample * plane(w) * channels;
    const float factor = share(w, &p, include_padding);
    FOR_EACH_TAP(w, &p, { add_scaled(channels, factor, dy, sample + at * channels); });
  }
}
