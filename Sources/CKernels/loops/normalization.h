// Batch normalization, chunk by chunk of channels. What follows it in many networks, the addition of a residual branch
// and a ReLU, is done on the way.

// Count, mean and sum of squared deviations of what has gone through each lane.
struct moments {
  double counts[WIDE], means[WIDE], squares[WIDE];
};

// Adds `count` values of the given mean and sum of squared deviations (Chan, Golub and LeVeque, "Algorithms for
// computing the sample variance", The American Statistician 37 (1983), equation 2.1).
CK_INLINE void merge_moments(
    double *total, double *total_mean, double *total_squares, double count, double mean, double squares) {
  const double sum = *total + count, difference = mean - *total_mean;
  *total_mean += difference * (count / sum);
  *total_squares += squares + difference * difference * (*total * count / sum);
  *total = sum;
}

// The moments of a block of lanes from `first` on, whose sums fit into registers. It is read twice but stays in the
// first-level cache: first for its mean, then for the deviations from it. The sum of the deviations removes the error
// that rounding the mean has made (equation 1.7 there). Meanwhile the block is asked for that lies `ahead` and comes next:
// in short runs of many rows the CPU sees no stream.
CK_INLINE void moments_strip(
    size_t rows, size_t lanes, size_t stride, const float *restrict x, size_t ahead, size_t first,
    struct moments *restrict m) {
  float means[LANES] = {0}, sums[LANES] = {0}, squares[LANES] = {0};
  for (size_t row = 0; row < rows; row++) {
    prefetch_rows((lanes + LINE - 1) / LINE, x + row * stride + ahead, LINE);
    for (size_t i = 0; i < lanes; i++) means[i] += x[row * stride + i];
  }
  for (size_t i = 0; i < lanes; i++) means[i] /= (float)rows;
  for (size_t row = 0; row < rows; row++)
    for (size_t i = 0; i < lanes; i++) {
      const float deviation = x[row * stride + i] - means[i];
      sums[i] += deviation;
      squares[i] += deviation * deviation;
    }
  for (size_t i = 0; i < lanes; i++) {
    const double count = (double)rows, rest = (double)sums[i] / count;
    merge_moments(
        m->counts + first + i, m->means + first + i, m->squares + first + i, count, (double)means[i] + rest,
        (double)squares[i] - rest * (double)sums[i]);
  }
}

// The moments of one block, strip by strip.
CK_INLINE void moments_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const float *restrict x, struct moments *restrict m) {
  size_t first = 0;
  for (; first + LANES <= lanes; first += LANES)
    moments_strip(
        rows, LANES, stride, x + offset + first, first + LANES < lanes ? LANES : rows * stride - first, first, m);
  if (first < lanes) moments_strip(rows, lanes - first, stride, x + offset + first, rows * stride - first, first, m);
}

// Mean and sum of squared deviations of each channel of the chunk.
CK_INLINE void chunk_statistics(const struct chunk *c, const float *x, float *mean, double squares[WIDE]) {
  struct moments m = {{0}, {0}, {0}};
  FOR_EACH_BLOCK(c, moments_block, x, &m);
  for (size_t i = 0; i < c->channels; i++) {
    double count = 0, total = 0, sum = 0;
    for (size_t lane = i; lane < c->lanes; lane += c->channels)
      if (m.counts[lane] > 0) merge_moments(&count, &total, &sum, m.counts[lane], m.means[lane], m.squares[lane]);
    mean[c->first + i] = (float)total;
    // Written so that NaN stays NaN.
    squares[i] = sum < 0 ? 0 : sum;
  }
}

// The result on its own. Forward and backward compute it by the same operations, so that both find the same sign.
CK_INLINE float affine_value(float x, float mean, float factor, float shift) { return (x - mean) * factor + shift; }

// y = (x - mean) · factor + shift, then the residual added, then the larger of that and zero, as far as they are
// wanted.
CK_INLINE void affine_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const int adds, const int relu, const float *x,
    const float *residual, const float *restrict mean, const float *restrict factor, const float *restrict shift,
    float *y) {
  for (size_t row = 0; row < rows; row++)
    CK_ELEMENTWISE
    for (size_t i = 0; i < lanes; i++) {
      const size_t at = offset + row * stride + i;
      float value = affine_value(x[at], mean[i], factor[i], shift[i]);
      if (adds) value += residual[at];
      if (relu) value = value < 0 ? 0 : value;
      y[at] = value;
    }
}

CK_INLINE void affine(
    const struct chunk *c, const float *x, const float *residual, int relu, const float *mean, const float *factor,
    const float *shift, float *y) {
  float means[WIDE], factors[WIDE], shifts[WIDE];
  spread(c, mean + c->first, means);
  spread(c, factor, factors);
  spread(c, shift + c->first, shifts);
  if (residual && relu)
    FOR_EACH_BLOCK(c, affine_block, 1, 1, x, residual, means, factors, shifts, y);
  else if (residual)
    FOR_EACH_BLOCK(c, affine_block, 1, 0, x, residual, means, factors, shifts, y);
  else if (relu)
    FOR_EACH_BLOCK(c, affine_block, 0, 1, x, residual, means, factors, shifts, y);
  else
    FOR_EACH_BLOCK(c, affine_block, 0, 0, x, residual, means, factors, shifts, y);
}

static void normalize_training(
    size_t rows, size_t channels, float epsilon, const float *x, const float *scale, const float *shift,
    const float *residual, int relu, float *y, float *mean, float *rstd, float *variance) {
  const double unbiased = rows > 1 ? (double)(rows - 1) : 1;
  for (size_t first = 0; first < channels; first += WIDE) {
    const struct chunk c = make_chunk(rows, channels, first);
    double squares[WIDE];
    chunk_statistics(&c, x, mean, squares);
    for (size_t i = 0; i < c.channels; i++) {
      variance[first + i] = (float)(squares[i] / unbiased);
      rstd[first + i] = (float)(1 / sqrt(squares[i] / (double)rows + (double)epsilon));
    }
  }
  for (size_t first = 0; first < channels; first += WIDE) {
    const struct chunk c = make_chunk(rows, channels, first);
    float factor[WIDE];
    for (size_t i = 0; i < c.channels; i++) factor[i] = rstd[first + i] * scale[first + i];
    affine(&c, x, residual, relu, mean, factor, shift, y);
  }
}

static void normalize_evaluation(
    size_t rows, size_t channels, float epsilon, const float *x, const float *scale, const float *shift,
    const float *mean, const float *variance, const float *residual, int relu, float *y) {
  for (size_t first = 0; first < channels; first += WIDE) {
    const struct chunk c = make_chunk(rows, channels, first);
    float factor[WIDE];
    for (size_t i = 0; i < c.channels; i++)
      factor[i] = (float)((double)scale[first + i] / sqrt((double)variance[first + i] + (double)epsilon));
    affine(&c, x, residual, relu, mean, factor, shift, y);
  }
}
