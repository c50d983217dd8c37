// Activations and their derivatives, as far as they need no function of the C library.
//
// Comparisons are written so that NaN falls through to the operand: it is never hidden.

static void relu_forward(size_t n, const float *x, float *y) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

static void relu_backward(size_t n, const float *y, const float *dy, float *dx) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) dx[i] = y[i] <= 0 ? 0 : dy[i];
}

CK_INLINE float ramp(float x, float top) {
  const float positive = x < 0 ? 0 : x;
  return positive > top ? top : positive;
}

CK_INLINE float inside(float y, float top, float gradient) { return y <= 0 ? 0 : y >= top ? 0 : gradient; }

static void relu6_forward(size_t n, const float *x, float *y) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) y[i] = ramp(x[i], 6);
}

static void relu6_backward(size_t n, const float *y, const float *dy, float *dx) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) dx[i] = inside(y[i], 6, dy[i]);
}

static void leaky_relu_forward(size_t n, float slope, const float *x, float *y) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

static void leaky_relu_backward(size_t n, float slope, const float *y, const float *dy, float *dx) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : slope * dy[i];
}

static void elu_backward(size_t n, float alpha, const float *y, const float *dy, float *dx) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : dy[i] * (y[i] + alpha);
}

static void sigmoid_backward(size_t n, const float *y, const float *dy, float *dx) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) dx[i] = dy[i] * (y[i] * (1 - y[i]));
}

static void tanh_backward(size_t n, const float *y, const float *dy, float *dx) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) dx[i] = dy[i] * (1 - y[i] * y[i]);
}

// A division, so that the result is 1 only where the sum is 6.
CK_INLINE float hard_sigmoid(float x) { return ramp(x + 3, 6) / 6; }

static void hard_sigmoid_forward(size_t n, const float *x, float *y) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) y[i] = hard_sigmoid(x[i]);
}

static void hard_sigmoid_backward(size_t n, const float *y, const float *dy, float *dx) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) dx[i] = inside(y[i], 1, dy[i] / 6);
}

static void hard_swish_forward(size_t n, const float *x, float *y) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) y[i] = x[i] * hard_sigmoid(x[i]);
}

static void hard_swish_backward(size_t n, const float *x, const float *dy, float *dx) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) {
    const float bend = x[i] / 3 + 0.5f;
    dx[i] = dy[i] * (x[i] < -3 ? 0 : x[i] > 3 ? 1 : bend);
  }
}
