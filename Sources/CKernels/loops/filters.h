// Fixed filters over each channel alone. The filters of a channel lie side by side in the output, so that what is a
// vector in the input is strided there.

CK_INLINE void filter_lanes(
    const struct ck_window *w, const struct pixel *p, size_t channels, size_t lanes, const float *filter,
    const float *x, float *restrict sums) {
  for (size_t i = 0; i < lanes; i++) sums[i] = 0;
  FOR_EACH_TAP(w, p, { add_scaled(lanes, filter[row * w->kernel_width + column], x + at * channels, sums); });
}

CK_INLINE void spread_lanes(
    const struct ck_window *w, const struct pixel *p, size_t channels, size_t lanes, const float *filter,
    const float *restrict gradients, float *dx) {
  FOR_EACH_TAP(w, p, { add_scaled(lanes, filter[row * w->kernel_width + column], gradients, dx + at * channels); });
}

CK_INLINE size_t taps_of(const struct ck_window *w) { return (size_t)(w->kernel_height * w->kernel_width); }

static void filters_forward(
    const struct ck_window *w, size_t channels, size_t filters, size_t batch, const float *weights, const float *x,
    float *y) {
  struct pixel p = pixel_at(w, 0);
  const size_t pixels = output_pixels(w, batch);
  for (size_t i = 0; i < pixels; i++, advance(w, &p), y += channels * filters)
    for (size_t first = 0; first < channels; first += LANES) {
      const size_t lanes = channels - first < LANES ? channels - first : LANES;
      const float *sample = x + p.sample * plane(w) * channels + first;
      for (size_t filter = 0; filter < filters; filter++) {
        float sums[LANES];
        filter_lanes(w, &p, channels, lanes, weights + filter * taps_of(w), sample, sums);
        for (size_t lane = 0; lane < lanes; lane++) y[(first + lane) * filters + filter] = sums[lane];
      }
    }
}

static void filters_backward(
    const struct ck_window *w, size_t channels, size_t filters, size_t batch, const float *weights, const float *dy,
    float *dx) {
  struct pixel p = pixel_at(w, 0);
  const size_t pixels = output_pixels(w, batch);
  zero_run(batch * plane(w) * channels, dx);
  for (size_t i = 0; i < pixels; i++, advance(w, &p), dy += channels * filters)
    for (size_t first = 0; first < channels; first += LANES) {
      const size_t lanes = channels - first < LANES ? channels - first : LANES;
      float *sample = dx + p.sample * plane(w) * channels + first;
      for (size_t filter = 0; filter < filters; filter++) {
        float gradients[LANES];
        for (size_t lane = 0; lane < lanes; lane++) gradients[lane] = dy[(first + lane) * filters + filter];
        spread_lanes(w, &p, channels, lanes, weights + filter * taps_of(w), gradients, sample);
      }
    }
}
