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

static void fill(size_t n, float value, float *d) {
  for (size_t i = 0; i < n; i++) d[i] = value;
}
