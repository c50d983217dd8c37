// Fixed separable maps of images, with the channels of a position as the vector.

CK_INLINE void add_scaled(size_t n, float factor, const float *restrict x, float *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] += factor * x[i];
}

// Moves the sums of a block of taps to the totals.
CK_INLINE void close_block(size_t lanes, float *restrict sums, double *restrict totals) {
  for (size_t i = 0; i < lanes; i++) totals[i] += (double)sums[i];
  for (size_t i = 0; i < lanes; i++) sums[i] = 0;
}

CK_INLINE size_t run_length(const struct ck_axis *axis, size_t position) {
  return (size_t)(axis->offsets[position + 1] - axis->offsets[position]);
}

// The sum of output position (i, j) in `lanes` <= LANES channels of `channels`: in float over at most BLOCK taps, in
// double from there on.
CK_INLINE void resample_lanes(
    const struct ck_resampling *r, size_t i, size_t j, size_t lanes, const float *restrict x, float *restrict y) {
  const double *down = r->rows.weights + r->rows.offsets[i], *across = r->columns.weights + r->columns.offsets[j];
  const size_t height = run_length(&r->rows, i), width = run_length(&r->columns, j), row = r->columns.input;
  const size_t first = (size_t)r->rows.starts[i] * row + (size_t)r->columns.starts[j];
  const int many = height * width > BLOCK;
  size_t taps = 0;
  float sums[LANES] = {0};
  double totals[LANES] = {0};
  for (size_t u = 0; u < height; u++)
    for (size_t v = 0; v < width; v++) {
      add_scaled(lanes, (float)(down[u] * across[v]), x + (first + u * row + v) * r->channels, sums);
      if (many && ++taps % BLOCK == 0) close_block(lanes, sums, totals);
    }
  for (size_t lane = 0; lane < lanes; lane++)
    y[lane] = many ? (float)(totals[lane] + (double)sums[lane]) : sums[lane];
}

// Constant numbers of lanes as far as they go, so that the sums live in registers.
CK_INLINE void resample_place(const struct ck_resampling *r, size_t i, size_t j, const float *x, float *y) {
  size_t first = 0;
  for (; first + LANES <= r->channels; first += LANES) resample_lanes(r, i, j, LANES, x + first, y + first);
  for (; first + 16 <= r->channels; first += 16) resample_lanes(r, i, j, 16, x + first, y + first);
  if (first < r->channels) resample_lanes(r, i, j, r->channels - first, x + first, y + first);
}

static void resample(const struct ck_resampling *r, size_t batch, const float *x, float *y) {
  const size_t input = r->rows.input * r->columns.input * r->channels;
  for (size_t sample = 0; sample < batch; sample++, x += input)
    for (size_t i = 0; i < r->rows.output; i++)
      for (size_t j = 0; j < r->columns.output; j++, y += r->channels) resample_place(r, i, j, x, y);
}
