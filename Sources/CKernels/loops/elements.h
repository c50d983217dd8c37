// Loops over the elements of flat tensors.

// The root as an instruction: the library's function would set errno, which keeps a loop from being vectorised.
CK_INLINE float square_root(float x) { return __builtin_elementwise_sqrt(x); }

static void add(size_t n, const float *a, const float *b, float *y) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

static void multiply(size_t n, const float *a, const float *b, float *y) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) y[i] = a[i] * b[i];
}

static void accumulate(size_t n, const float *x, float *d) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) d[i] += x[i];
}

static void scale_elements(size_t n, float factor, float *d) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) d[i] *= factor;
}

static void fill(size_t n, float value, float *d) {
  for (size_t i = 0; i < n; i++) d[i] = value;
}

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
