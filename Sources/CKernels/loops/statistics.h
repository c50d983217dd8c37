// Observation of tensors.

CK_INLINE int is_finite_number(float x) { return fabsf(x) < INFINITY; }

// The sums over `count` <= COUNTERS elements are kept apart, so that they are vectors with a fixed order.
CK_INLINE void observe(size_t count, const float *restrict x, double *sums, size_t *bad, float *low, float *high) {
  for (size_t i = 0; i < count; i++) {
    const int finite = is_finite_number(x[i]);
    sums[i] += finite ? (double)x[i] : 0;
    bad[i] += !finite;
    low[i] = finite && x[i] < low[i] ? x[i] : low[i];
    high[i] = finite && x[i] > high[i] ? x[i] : high[i];
  }
}

CK_INLINE void observe_deviations(size_t count, const float *restrict x, double mean, double *squares) {
  for (size_t i = 0; i < count; i++) {
    const double deviation = is_finite_number(x[i]) ? (double)x[i] - mean : 0;
    squares[i] += deviation * deviation;
  }
}

static struct ck_summary summary(size_t n, const float *x) {
  double sums[COUNTERS] = {0}, squares[COUNTERS] = {0};
  size_t bad[COUNTERS] = {0}, whole = n - n % COUNTERS;
  float low[COUNTERS], high[COUNTERS];
  for (size_t i = 0; i < COUNTERS; i++) low[i] = INFINITY, high[i] = -INFINITY;
  for (size_t i = 0; i < whole; i += COUNTERS) observe(COUNTERS, x + i, sums, bad, low, high);
  observe(n - whole, x + whole, sums, bad, low, high);

  struct ck_summary result = {.minimum = INFINITY, .maximum = -INFINITY};
  for (size_t i = 0; i < COUNTERS; i++) {
    result.not_finite += bad[i];
    result.minimum = low[i] < result.minimum ? low[i] : result.minimum;
    result.maximum = high[i] > result.maximum ? high[i] : result.maximum;
  }
  const double finite = (double)(n - result.not_finite);
  result.mean = sum_counters(sums) / finite;
  for (size_t i = 0; i < whole; i += COUNTERS) observe_deviations(COUNTERS, x + i, result.mean, squares);
  observe_deviations(n - whole, x + whole, result.mean, squares);
  result.deviation = sqrt(sum_counters(squares) / finite);
  return result;
}

// The square of a float is exact in double precision, so it makes no difference whether it is fused with the addition.
CK_INLINE void add_squares(size_t count, const float *restrict x, double *restrict sums) {
  for (size_t i = 0; i < count; i++) sums[i] += (double)x[i] * (double)x[i];
}

static double sum_of_squares(size_t n, const float *x) {
  double sums[COUNTERS] = {0};
  const size_t whole = n - n % COUNTERS;
  for (size_t i = 0; i < whole; i += COUNTERS) add_squares(COUNTERS, x + i, sums);
  add_squares(n - whole, x + whole, sums);
  // By halves: one after the other the last sixteen additions would take as long as the 256 before them.
  for (size_t half = COUNTERS / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; i++) sums[i] += sums[i + half];
  return sums[0];
}
