// The backward pass of normalization.h, through the ReLU and the addition that are fused into it.

// How the results that a ReLU has let through are known: there was none, the results are computed again from x, or they
// are read, since a residual was added.
enum results { ALL_RESULTS, RESULTS_OF_X, RESULTS_IN_Y };

// What the backward pass reads, and for each lane what the forward pass has used; y, factor and shift only as the way
// asks for them.
struct normalized {
  const float *x, *y, *dy;
  const float *mean, *factor, *shift;
};

// The gradient at the normalization's own result: dy, after a ReLU where the result is above zero.
CK_INLINE float gradient_at(const struct normalized *n, size_t at, size_t lane, const enum results results) {
  const float gradient = n->dy[at];
  if (results == ALL_RESULTS) return gradient;
  const float result = results == RESULTS_IN_Y
                           ? n->y[at]
                           : affine_value(n->x[at], n->mean[lane], n->factor[lane], n->shift[lane]);
  return result <= 0 ? 0 : gradient;
}

// gradients[lane] += Σ dy; products[lane] += Σ dy · (x - mean)
CK_INLINE void gradient_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const enum results results,
    const struct normalized *restrict n, double *restrict gradients, double *restrict products) {
  float first[WIDE], second[WIDE];
  clear(lanes, first);
  clear(lanes, second);
  for (size_t row = 0; row < rows; row++)
    for (size_t i = 0; i < lanes; i++) {
      const size_t at = offset + row * stride + i;
      const float gradient = gradient_at(n, at, i, results);
      first[i] += gradient;
      second[i] += gradient * (n->x[at] - n->mean[i]);
    }
  for (size_t i = 0; i < lanes; i++) {
    gradients[i] += (double)first[i];
    products[i] += (double)second[i];
  }
}

// dx = factor · ((dy - gradient) - (x - mean) · slope)
CK_INLINE void backward_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const enum results results, const int adds,
    const struct normalized *restrict n, const float *restrict gradient, const float *restrict slope, float *dx,
    float *d_residual) {
  for (size_t row = 0; row < rows; row++)
    CK_ELEMENTWISE
    for (size_t i = 0; i < lanes; i++) {
      const size_t at = offset + row * stride + i;
      const float own = gradient_at(n, at, i, results);
      dx[at] = n->factor[i] * ((own - gradient[i]) - (n->x[at] - n->mean[i]) * slope[i]);
      if (adds) d_residual[at] = own;
    }
}

// With x̂ = (x - mean) · inverse and means over the rows:
// dx = scale · inverse · (dy - mean(dy) - x̂ · mean(dy · x̂))
// (Ioffe and Szegedy, "Batch normalization", ICML 2015, section 3, with the sums collected).
static void normalize_backward(
    size_t rows, size_t channels, const float *x, const float *y, const float *dy, const float *scale,
    const float *shift, const float *mean, const float *rstd, float *dx, float *d_residual, float *d_scale,
    float *d_shift) {
  for (size_t first = 0; first < channels; first += WIDE) {
    const struct chunk c = make_chunk(rows, channels, first);
    double gradients[WIDE] = {0}, products[WIDE] = {0};
    float factor[WIDE], gradient[WIDE], slope[WIDE];
    float means[WIDE], factors[WIDE], shifts[WIDE], mean_gradients[WIDE], slopes[WIDE];
    const struct normalized n = {x, y, dy, means, factors, shifts};
    for (size_t i = 0; i < c.channels; i++) factor[i] = rstd[first + i] * scale[first + i];
    spread(&c, factor, factors);
    spread(&c, mean + first, means);
    if (shift) spread(&c, shift + first, shifts);
    if (y)
      FOR_EACH_BLOCK(&c, gradient_block, RESULTS_IN_Y, &n, gradients, products);
    else if (shift)
      FOR_EACH_BLOCK(&c, gradient_block, RESULTS_OF_X, &n, gradients, products);
    else
      FOR_EACH_BLOCK(&c, gradient_block, ALL_RESULTS, &n, gradients, products);
    for (size_t i = 0; i < c.channels; i++) {
      const double sum = fold_lanes(&c, gradients, i), inverse = (double)rstd[first + i];
      const double product = fold_lanes(&c, products, i) * inverse;
      d_shift[first + i] = (float)sum;
      d_scale[first + i] = (float)product;
      gradient[i] = (float)(sum / (double)rows);
      slope[i] = (float)(product * inverse / (double)rows);
    }
    spread(&c, gradient, mean_gradients);
    spread(&c, slope, slopes);
    if (y && d_residual)
      FOR_EACH_BLOCK(&c, backward_block, RESULTS_IN_Y, 1, &n, mean_gradients, slopes, dx, d_residual);
    else if (y)
      FOR_EACH_BLOCK(&c, backward_block, RESULTS_IN_Y, 0, &n, mean_gradients, slopes, dx, d_residual);
    else if (shift)
      FOR_EACH_BLOCK(&c, backward_block, RESULTS_OF_X, 0, &n, mean_gradients, slopes, dx, d_residual);
    else
      FOR_EACH_BLOCK(&c, backward_block, ALL_RESULTS, 0, &n, mean_gradients, slopes, dx, d_residual);
  }
}
