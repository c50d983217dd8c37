// Updates of weights. Each element depends on the operands' same element only, so a cut of the buffers changes no bit.

static void average(size_t n, float rate, float factor, const float *observation, float *average) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) average[i] = (1 - rate) * average[i] + rate * (factor * observation[i]);
}

static void sgd(size_t n, float rate, float decay, const float *g, float *w) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) w[i] -= rate * (g[i] + decay * w[i]);
}

static void sgd_momentum(size_t n, float rate, float momentum, float decay, const float *g, float *v, float *w) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    const float step = momentum * v[i] + (g[i] + decay * w[i]);
    v[i] = step;
    w[i] -= rate * step;
  }
}

static void sgd_nesterov(size_t n, float rate, float momentum, float decay, const float *g, float *v, float *w) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    const float decayed = g[i] + decay * w[i];
    const float velocity = momentum * v[i] + decayed;
    v[i] = velocity;
    w[i] -= rate * (decayed + momentum * velocity);
  }
}

static void sgd_dampened(
    size_t n, float rate, float momentum, float fresh, float decay, const float *g, float *v, float *w) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    const float step = momentum * v[i] + fresh * (g[i] + decay * w[i]);
    v[i] = step;
    w[i] -= rate * step;
  }
}

// The moving averages of the gradient and of its square; g' is the gradient with its L2 penalty.
#define CK_MOMENTS(c, decayed)                        \
  m[i] = m[i] + (c)->fresh1 * ((decayed) - m[i]);     \
  v[i] = (c)->beta2 * v[i] + (c)->fresh2 * ((decayed) * (decayed));

static void adam(size_t n, const struct ck_adam *c, const float *g, float *m, float *v, float *w) {
  const float rate = c->rate, shrink = c->shrink, penalty = c->penalty, root = c->root_scale, epsilon = c->epsilon;
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    const float decayed = g[i] + penalty * w[i];
    CK_MOMENTS(c, decayed)
    w[i] = shrink * w[i] - rate * (m[i] / (square_root(v[i]) * root + epsilon));
  }
}

static void adamax(size_t n, const struct ck_adam *c, const float *g, float *m, float *u, float *w) {
  const float rate = c->rate, penalty = c->penalty, fresh = c->fresh1, keep = c->beta2, epsilon = c->epsilon;
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    const float decayed = g[i] + penalty * w[i];
    const float before = keep * u[i], now = fabsf(decayed) + epsilon;
    m[i] = m[i] + fresh * (decayed - m[i]);
    u[i] = before > now ? before : now;
    w[i] -= rate * (m[i] / u[i]);
  }
}

static void adam_direction(size_t n, const struct ck_adam *c, float *g, float *m, float *v, const float *w) {
  const float scale = c->rate, decay = c->penalty, root = c->root_scale, epsilon = c->epsilon;
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    CK_MOMENTS(c, g[i])
    g[i] = scale * (m[i] / (square_root(v[i]) * root + epsilon)) + decay * w[i];
  }
}

static void rms_direction(
    size_t n, float keep, float fresh, float epsilon, float decay, float *g, float *s, const float *w) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    const float decayed = g[i] + decay * w[i];
    s[i] = keep * s[i] + fresh * (decayed * decayed);
    g[i] = decayed / (square_root(s[i]) + epsilon);
  }
}

static void rms_centered_direction(
    size_t n, float keep, float fresh, float epsilon, float decay, float *g, float *s, float *mean, const float *w) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    const float decayed = g[i] + decay * w[i];
    s[i] = keep * s[i] + fresh * (decayed * decayed);
    mean[i] = mean[i] + fresh * (decayed - mean[i]);
    // Rounding can take the variance of a constant gradient below zero.
    const float variance = __builtin_elementwise_max(s[i] - mean[i] * mean[i], 0.0f);
    g[i] = decayed / (square_root(variance) + epsilon);
  }
}

static void adagrad_direction(size_t n, float epsilon, float decay, float *g, float *s, const float *w) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    const float decayed = g[i] + decay * w[i];
    s[i] = s[i] + decayed * decayed;
    g[i] = decayed / (square_root(s[i]) + epsilon);
  }
}

static void rescale(size_t n, float factor, float *d) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) d[i] *= factor;
}

static void clamp(size_t n, float limit, float *d) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    // Comparisons instead of minimum and maximum, so that NaN stays NaN.
    const float x = d[i];
    d[i] = x > limit ? limit : x < -limit ? -limit : x;
  }
}
