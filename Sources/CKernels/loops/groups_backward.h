// The backward pass of groups.h.

// shifts[channel] += Σ dy; scales[channel] += Σ dy · x̂ for the channels of a chunk, over all blocks.
CK_INLINE void grouped_parameters(
    const struct ck_groups *g, const struct span *s, const struct chunk *c, const float *x, const float *dy,
    const float *mean, const float *inverse, double *scales, double *shifts) {
  const size_t count = g->positions * g->channels;
  for (size_t block = 0; block < g->blocks; block++, x += count, dy += count, mean += g->groups, inverse += g->groups) {
    double gradients[LANES] = {0}, products[LANES] = {0};
    float means[LANES];
    const struct normalized n = {.x = x, .dy = dy, .mean = means};
    spread_groups(s, c, mean + s->group, means);
    FOR_EACH_BLOCK(c, gradient_block, ALL_RESULTS, &n, gradients, products);
    for (size_t i = 0; i < c->channels; i++) {
      shifts[i] += fold_lanes(c, gradients, i);
      scales[i] += (double)inverse[s->group + group_in_span(s, i)] * fold_lanes(c, products, i);
    }
  }
}

CK_INLINE void add_piece(
    size_t n, float mean, float inverse, const float *restrict x, const float *restrict dy, float *restrict scales,
    float *restrict shifts) {
  for (size_t i = 0; i < n; i++) {
    shifts[i] += dy[i];
    scales[i] += dy[i] * ((x[i] - mean) * inverse);
  }
}

// As above where a block is one group, for `lanes` channels: in float over at most BLOCK rows, in double from there on.
CK_INLINE void run_parameters(
    const struct ck_groups *g, size_t lanes, const float *x, const float *dy, const float *mean, const float *inverse,
    double *scales, double *shifts) {
  const size_t rows = g->blocks * g->positions;
  float scale_sums[LANES] = {0}, shift_sums[LANES] = {0};
  size_t block = 0, position = 0;
  for (size_t row = 0; row < rows; row++, x += g->channels, dy += g->channels) {
    add_piece(lanes, mean[block], inverse[block], x, dy, scale_sums, shift_sums);
    if (++position == g->positions) position = 0, block++;
    if ((row + 1) % BLOCK != 0 && row + 1 < rows) continue;
    close_block(lanes, scale_sums, scales);
    close_block(lanes, shift_sums, shifts);
  }
}

CK_INLINE void store_parameters(size_t n, const double *scales, const double *shifts, float *d_scale, float *d_shift) {
  for (size_t i = 0; i < n; i++) d_scale[i] = (float)scales[i];
  for (size_t i = 0; i < n; i++) d_shift[i] = (float)shifts[i];
}

CK_INLINE void group_parameters(
    const struct ck_groups *g, const float *x, const float *dy, const float *mean, const float *inverse,
    float *d_scale, float *d_shift) {
  FOR_EACH_SPAN(g, s)
    FOR_EACH_CHUNK(g, &s, c) {
      double scales[LANES] = {0}, shifts[LANES] = {0};
      if (g->groups == 1)
        run_parameters(g, c.channels, x + c.first, dy + c.first, mean, inverse, scales, shifts);
      else
        grouped_parameters(g, &s, &c, x, dy, mean, inverse, scales, shifts);
      store_parameters(c.channels, scales, shifts, d_scale + c.first, d_shift + c.first);
    }
}

// sums[group] += Σ scale · dy; products[group] += Σ scale · dy · (x - mean)
CK_INLINE void span_gradients(
    const struct ck_groups *g, const struct span *s, const float *x, const float *dy, const float *scale,
    const float *mean, double *sums, double *products) {
  FOR_EACH_CHUNK(g, s, c) {
    double first[LANES] = {0}, second[LANES] = {0};
    float means[LANES];
    const struct normalized n = {.x = x, .dy = dy, .mean = means};
    spread_groups(s, &c, mean, means);
    FOR_EACH_BLOCK(&c, gradient_block, ALL_RESULTS, &n, first, second);
    for (size_t i = 0; i < c.channels; i++) {
      const double weight = scale != NULL ? (double)scale[c.first + i] : 1;
      sums[group_in_span(s, i)] += weight * fold_lanes(&c, first, i);
      products[group_in_span(s, i)] += weight * fold_lanes(&c, second, i);
    }
  }
}

// dx = inverse · ((scale · dy - gradient) - (x - mean) · slope)
CK_INLINE void group_gradient_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const float *x, const float *dy,
    const float *restrict scale, const float *restrict mean, const float *restrict inverse,
    const float *restrict gradient, const float *restrict slope, float *dx) {
  for (size_t row = 0; row < rows; row++)
    CK_ELEMENTWISE
    for (size_t i = 0; i < lanes; i++) {
      const size_t at = offset + row * stride + i;
      dx[at] = inverse[i] * ((scale[i] * dy[at] - gradient[i]) - (x[at] - mean[i]) * slope[i]);
    }
}

// With g = scale · dy, x̂ = (x - mean) · inverse and means over the group:
// dx = inverse · (g - mean(g) - x̂ · mean(g · x̂)).
CK_INLINE void span_backward(
    const struct ck_groups *g, const struct span *s, const float *x, const float *dy, const float *scale,
    const float *mean, const float *inverse, float *dx) {
  const double count = (double)(g->positions * s->width);
  double sums[LANES] = {0}, products[LANES] = {0};
  float gradient[LANES], slope[LANES];
  span_gradients(g, s, x, dy, scale, mean, sums, products);
  for (size_t group = 0; group < s->groups; group++) {
    const double factor = (double)inverse[group];
    gradient[group] = (float)(sums[group] / count);
    slope[group] = (float)(products[group] * factor * factor / count);
  }
  FOR_EACH_CHUNK(g, s, c) {
    float scales[LANES], means[LANES], inverses[LANES], gradients[LANES], slopes[LANES];
    spread(&c, scale != NULL ? scale + c.first : no_scale, scales);
    spread_groups(s, &c, mean, means);
    spread_groups(s, &c, inverse, inverses);
    spread_groups(s, &c, gradient, gradients);
    spread_groups(s, &c, slope, slopes);
    FOR_EACH_BLOCK(&c, group_gradient_block, x, dy, scales, means, inverses, gradients, slopes, dx);
  }
}

CK_INLINE void add_gradients(
    size_t n, float mean, const float *restrict x, const float *restrict dy, const float *restrict scale,
    double *restrict sums, double *restrict products) {
  for (size_t i = 0; i < n; i++) {
    const float gradient = dy[i] * scale[i];
    sums[i] += (double)gradient;
    products[i] += (double)(gradient * (x[i] - mean));
  }
}

CK_INLINE void gradient_piece(
    size_t n, float mean, float inverse, float gradient, float slope, const float *x, const float *dy,
    const float *restrict scale, float *dx) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++)
    dx[i] = inverse * ((scale[i] * dy[i] - gradient) - (x[i] - mean) * slope);
}

// Σ scale · dy and Σ scale · dy · (x - mean) of a block that is one group.
CK_INLINE void run_gradients(
    const struct ck_groups *g, const float *x, const float *dy, const float *scale, float mean, double *sum,
    double *product) {
  double sums[COUNTERS] = {0}, products[COUNTERS] = {0};
  for (size_t row = 0; row < g->positions; row++, x += g->channels, dy += g->channels) {
#define ADD_GRADIENTS(count, at) \
  add_gradients(count, mean, x + (at), dy + (at), scale != NULL ? scale + (at) : no_scale, sums, products)
    FOR_EACH_PIECE(g->channels, ADD_GRADIENTS);
  }
  *sum = sum_counters(sums);
  *product = sum_counters(products);
}

CK_INLINE void run_backward(
    const struct ck_groups *g, const float *x, const float *dy, const float *scale, float mean, float inverse,
    float *dx) {
  const double count = (double)(g->positions * g->channels), factor = (double)inverse;
  double sum, product;
  run_gradients(g, x, dy, scale, mean, &sum, &product);
  const float gradient = (float)(sum / count), slope = (float)(product * factor * factor / count);
  for (size_t row = 0; row < g->positions; row++, x += g->channels, dy += g->channels, dx += g->channels)
    for (size_t first = 0; first < g->channels; first += LANES)
      gradient_piece(
          piece_length(g, first), mean, inverse, gradient, slope, x + first, dy + first,
          scale != NULL ? scale + first : no_scale, dx + first);
}

// The gradients of the parameters come first: dx may take the place of dy.
static void group_backward(
    const struct ck_groups *g, const float *x, const float *dy, const float *scale, const float *mean,
    const float *inverse, float *dx, float *d_scale, float *d_shift) {
  const size_t count = g->positions * g->channels;
  if (d_scale != NULL && d_shift != NULL) group_parameters(g, x, dy, mean, inverse, d_scale, d_shift);
  for (size_t block = 0; block < g->blocks;
       block++, x += count, dy += count, dx += count, mean += g->groups, inverse += g->groups) {
    if (g->groups == 1) {
      run_backward(g, x, dy, scale, *mean, *inverse, dx);
      continue;
    }
    FOR_EACH_SPAN(g, s) span_backward(g, &s, x, dy, scale, mean + s.group, inverse + s.group, dx);
  }
}
