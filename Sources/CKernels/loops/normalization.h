// Batch normalization, chunk by chunk of channels.

// deviations[lane] += Σ (x - mean); squares[lane] += Σ (x - mean)²
CK_INLINE void deviation_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const float *restrict x, const float *restrict mean,
    double *restrict deviations, double *restrict squares) {
  float first[LANES] = {0}, second[LANES] = {0};
  for (size_t row = 0; row < rows; row++)
    for (size_t i = 0; i < lanes; i++) {
      const float deviation = x[offset + row * stride + i] - mean[i];
      first[i] += deviation;
      second[i] += deviation * deviation;
    }
  for (size_t i = 0; i < lanes; i++) {
    deviations[i] += (double)first[i];
    squares[i] += (double)second[i];
  }
}

// y = (x - mean) · factor + shift
CK_INLINE void affine_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const float *x, const float *restrict mean,
    const float *restrict factor, const float *restrict shift, float *y) {
  for (size_t row = 0; row < rows; row++)
    CK_ELEMENTWISE
    for (size_t i = 0; i < lanes; i++) {
      const size_t at = offset + row * stride + i;
      y[at] = (x[at] - mean[i]) * factor[i] + shift[i];
    }
}

CK_INLINE void affine(
    const struct chunk *c, const float *x, const float *mean, const float *factor, const float *shift, float *y) {
  float means[LANES], factors[LANES], shifts[LANES];
  spread(c, mean + c->first, means);
  spread(c, factor, factors);
  spread(c, shift + c->first, shifts);
  FOR_EACH_BLOCK(c, affine_block, x, means, factors, shifts, y);
}

// Mean and variance of each channel by the corrected two-pass formula: the second pass also sums the deviations,
// which removes the error that rounding the mean has made (Chan, Golub and LeVeque, "Algorithms for computing the
// sample variance", The American Statistician 37 (1983), equation 1.7).
CK_INLINE void chunk_statistics(
    const struct chunk *c, size_t rows, const float *x, float *mean, double squares[LANES]) {
  double sums[LANES] = {0}, deviations[LANES] = {0}, lanes[LANES] = {0};
  float means[LANES];
  FOR_EACH_BLOCK(c, sum_block, x, sums);
  for (size_t i = 0; i < c->channels; i++) mean[c->first + i] = (float)(fold_lanes(c, sums, i) / (double)rows);
  spread(c, mean + c->first, means);
  FOR_EACH_BLOCK(c, deviation_block, x, means, deviations, lanes);
  for (size_t i = 0; i < c->channels; i++) {
    const double deviation = fold_lanes(c, deviations, i);
    const double corrected = fold_lanes(c, lanes, i) - deviation * deviation / (double)rows;
    // Written so that NaN stays NaN.
    squares[i] = corrected < 0 ? 0 : corrected;
  }
}

static void normalize_training(
    size_t rows, size_t channels, float epsilon, const float *x, const float *scale, const float *shift, float *y,
    float *mean, float *inverse_deviation, float *variance) {
  const double unbiased = rows > 1 ? (double)(rows - 1) : 1;
  for (size_t first = 0; first < channels; first += LANES) {
    const struct chunk c = make_chunk(rows, channels, first);
    double squares[LANES];
    float factor[LANES];
    chunk_statistics(&c, rows, x, mean, squares);
    for (size_t i = 0; i < c.channels; i++) {
      variance[first + i] = (float)(squares[i] / unbiased);
      inverse_deviation[first + i] = (float)(1 / sqrt(squares[i] / (double)rows + (double)epsilon));
      factor[i] = inverse_deviation[first + i] * scale[first + i];
    }
    affine(&c, x, mean, factor, shift, y);
  }
}

static void normalize_evaluation(
    size_t rows, size_t channels, float epsilon, const float *x, const float *scale, const float *shift,
    const float *mean, const float *variance, float *y) {
  for (size_t first = 0; first < channels; first += LANES) {
    const struct chunk c = make_chunk(rows, channels, first);
    float factor[LANES];
    for (size_t i = 0; i < c.channels; i++)
      factor[i] = (float)((double)scale[first + i] / sqrt((double)variance[first + i] + (double)epsilon));
    affine(&c, x, mean, factor, shift, y);
  }
}

// gradients[lane] += Σ dy; products[lane] += Σ dy · (x - mean)
CK_INLINE void gradient_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const float *restrict x, const float *restrict dy,
    const float *restrict mean, double *restrict gradients, double *restrict products) {
  float first[LANES] = {0}, second[LANES] = {0};
  for (size_t row = 0; row < rows; row++)
    for (size_t i = 0; i < lanes; i++) {
      const size_t at = offset + row * stride + i;
      first[i] += dy[at];
      second[i] += dy[at] * (x[at] - mean[i]);
    }
  for (size_t i = 0; i < lanes; i++) {
    gradients[i] += (double)first[i];
    products[i] += (double)second[i];
  }
}

// dx = factor · ((dy - gradient) - (x - mean) · slope)
CK_INLINE void backward_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const float *x, const float *dy,
    const float *restrict mean, const float *restrict factor, const float *restrict gradient,
    const float *restrict slope, float *dx) {
  for (size_t row = 0; row < rows; row++)
    CK_ELEMENTWISE
    for (size_t i = 0; i < lanes; i++) {
      const size_t at = offset + row * stride + i;
      dx[at] = factor[i] * ((dy[at] - gradient[i]) - (x[at] - mean[i]) * slope[i]);
    }
}

// With x̂ = (x - mean) · inverse and means over the rows:
// dx = scale · inverse · (dy - mean(dy) - x̂ · mean(dy · x̂))
// (Ioffe and Szegedy, "Batch normalization", ICML 2015, section 3, with the sums collected).
static void normalize_backward(
    size_t rows, size_t channels, const float *x, const float *dy, const float *scale, const float *mean,
    const float *inverse_deviation, float *dx, float *d_scale, float *d_shift) {
  for (size_t first = 0; first < channels; first += LANES) {
    const struct chunk c = make_chunk(rows, channels, first);
    double gradients[LANES] = {0}, products[LANES] = {0};
    float means[LANES], factor[LANES], gradient[LANES], slope[LANES];
    float factors[LANES], mean_gradients[LANES], slopes[LANES];
    spread(&c, mean + first, means);
    FOR_EACH_BLOCK(&c, gradient_block, x, dy, means, gradients, products);
    for (size_t i = 0; i < c.channels; i++) {
      const double sum = fold_lanes(&c, gradients, i), inverse = (double)inverse_deviation[first + i];
      const double product = fold_lanes(&c, products, i) * inverse;
      d_shift[first + i] = (float)sum;
      d_scale[first + i] = (float)product;
      factor[i] = scale[first + i] * inverse_deviation[first + i];
      gradient[i] = (float)(sum / (double)rows);
      slope[i] = (float)(product * inverse / (double)rows);
    }
    spread(&c, factor, factors);
    spread(&c, gradient, mean_gradients);
    spread(&c, slope, slopes);
    FOR_EACH_BLOCK(&c, backward_block, x, dy, means, factors, mean_gradients, slopes, dx);
  }
}
