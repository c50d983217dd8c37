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

// The same for fewer channels than a register holds: the whole register is taken, and what lies beyond the channels is
// overwritten by the next pixels.
CK_INLINE void take_maximum_wide(int32_t index, const float *x, vector *y, integers *indices) {
  const vector candidate = load(x);
  const integers taken = (candidate > *y) | (candidate != candidate);
  *y = (vector)((taken & (integers)candidate) | (~taken & (integers)*y));
  *indices = (taken & index) | (~taken & *indices);
}

// A pixel's maxima where a register's worth of floats may be read at each tap and written at y and indices.
CK_INLINE void max_pixel_wide(
    const struct ck_window *w, const struct pixel *p, size_t channels, const float *sample, float *y,
    int32_t *indices) {
  vector best = (vector){0} - INFINITY;
  integers positions = (integers){0} - 1;
  int started = 0;
  FOR_EACH_TAP(w, p, {
    if (!started) positions = (integers){0} + (int32_t)at;
    started = 1;
    take_maximum_wide((int32_t)at, sample + at * channels, &best, &positions);
  });
  store(y, best);
  memcpy(indices, &positions, sizeof positions);
}

static void max_forward(
    const struct ck_window *w, size_t channels, size_t batch, const float *x, float *y, int32_t *indices) {
  struct pixel p = pixel_at(w, 0);
  const size_t pixels = output_pixels(w, batch);
  // Pixels whose registers stay within the tensors: all but the last few, and all samples but the last.
  const size_t margin = (CK_VECTOR + channels - 1) / channels, samples = batch - 1;
  const size_t wide = channels < CK_VECTOR && plane(w) >= margin ? samples * (pixels / batch) : 0;
  for (size_t i = 0; i < pixels; i++, advance(w, &p), y += channels, indices += channels) {
    const float *sample = x + p.sample * plane(w) * channels;
    if (i + margin < wide) {
      max_pixel_wide(w, &p, channels, sample, y, indices);
      continue;
    }
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
    if (channels < CK_VECTOR) {
      for (size_t c = 0; c < channels; c++)
        if (indices[c] >= 0) sample[(size_t)indices[c] * channels + c] += dy[c];
      continue;
    }
    FOR_EACH_TAP(w, &p, { add_where_taken(channels, (int32_t)at, dy, indices, sample + at * channels); });
  }
}

// |x|^p; the powers that networks use without a call.
CK_INLINE float power(float x, float p) {
  return p == 1 ? fabsf(x) : p == 2 ? x * x : powf(fabsf(x), p);
}

CK_INLINE float root(float sum, float p) { return p == 1 ? sum : p == 2 ? square_root(sum) : powf(sum, 1 / p); }

// The derivative of (Σ |x|^p)^(1/p): sign(x) · (|x|/y)^(p - 1), and 0 where the root has none.
CK_INLINE float root_slope(float x, float y, float p) {
  if (p == 1) return x > 0 ? 1 : x < 0 ? -1 : x;
  if (p == 2) return y == 0 ? 0 : x / y;
  return x == 0 || y == 0 ? 0 : copysignf(powf(fabsf(x) / y, p - 1), x);
}

CK_INLINE void add_powers(size_t channels, float p, const float *restrict x, float *restrict y) {
  for (size_t c = 0; c < channels; c++) y[c] += power(x[c], p);
}

// Inlined once for each exponent that is known when compiling.
CK_INLINE void power_windows(
    const struct ck_window *w, size_t channels, size_t batch, float p, const float *x, float *y) {
  struct pixel at_pixel = pixel_at(w, 0);
  const size_t pixels = output_pixels(w, batch);
  for (size_t i = 0; i < pixels; i++, advance(w, &at_pixel), y += channels) {
    const float *sample = x + at_pixel.sample * plane(w) * channels;
    zero_run(channels, y);
    FOR_EACH_TAP(w, &at_pixel, { add_powers(channels, p, sample + at * channels, y); });
    for (size_t c = 0; c < channels; c++) y[c] = root(y[c], p);
  }
}

static void power_forward(
    const struct ck_window *w, size_t channels, size_t batch, float exponent, const float *x, float *y) {
  if (exponent == 1) return power_windows(w, channels, batch, 1, x, y);
  if (exponent == 2) return power_windows(w, channels, batch, 2, x, y);
  power_windows(w, channels, batch, exponent, x, y);
}

CK_INLINE void add_root_slopes(
    size_t channels, float p, const float *restrict x, const float *restrict y, const float *restrict dy,
    float *restrict dx) {
  for (size_t c = 0; c < channels; c++) dx[c] += dy[c] * root_slope(x[c], y[c], p);
}

CK_INLINE void power_gradients(
    const struct ck_window *w, size_t channels, size_t batch, float p, const float *x, const float *y,
    const float *dy, float *dx) {
  struct pixel at_pixel = pixel_at(w, 0);
  const size_t pixels = output_pixels(w, batch);
  zero_run(batch * plane(w) * channels, dx);
  for (size_t i = 0; i < pixels; i++, advance(w, &at_pixel), y += channels, dy += channels) {
    const size_t sample = at_pixel.sample * plane(w);
    FOR_EACH_TAP(w, &at_pixel, {
      const size_t input = (sample + at) * channels;
      add_root_slopes(channels, p, x + input, y, dy, dx + input);
    });
  }
}

static void power_backward(
    const struct ck_window *w, size_t channels, size_t batch, float exponent, const float *x, const float *y,
    const float *dy, float *dx) {
  if (exponent == 1) return power_gradients(w, channels, batch, 1, x, y, dy, dx);
  if (exponent == 2) return power_gradients(w, channels, batch, 2, x, y, dy, dx);
  power_gradients(w, channels, batch, exponent, x, y, dy, dx);
}
