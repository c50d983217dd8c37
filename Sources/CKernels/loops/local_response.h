// Local response normalization: the channels of a position are the vector, and their neighbours its shifted copies.

// s^-β; the exponent of the paper without a call.
CK_INLINE float inverse_power(float s, float beta) {
  if (beta != 0.75f) return powf(s, -beta);
  const float root = square_root(s);
  return 1 / (root * square_root(root));
}

// The channels c of 0 ..< channels whose neighbour c + offset exists: first ..< last.
CK_INLINE struct taps with_neighbour(size_t channels, ptrdiff_t offset) {
  const ptrdiff_t count = (ptrdiff_t)channels;
  return (struct taps){offset < 0 ? (-offset < count ? -offset : count) : 0,
                       offset > 0 ? (offset < count ? count - offset : 0) : count};
}

CK_INLINE void response_sums(const struct ck_response *r, const float *restrict x, float *restrict sums) {
  const ptrdiff_t before = (ptrdiff_t)(r->size / 2), after = (ptrdiff_t)((r->size - 1) / 2);
  const float factor = r->alpha / (float)r->size;
  zero_run(r->channels, sums);
  for (ptrdiff_t offset = -before; offset <= after; offset++) {
    const struct taps inside = with_neighbour(r->channels, offset);
    for (ptrdiff_t c = inside.first; c < inside.last; c++) sums[c] += x[c + offset] * x[c + offset];
  }
  for (size_t c = 0; c < r->channels; c++) sums[c] = r->k + factor * sums[c];
}

CK_INLINE void response_outputs(size_t n, float beta, const float *x, const float *restrict sums, float *y) {
  for (size_t c = 0; c < n; c++) y[c] = x[c] * inverse_power(sums[c], beta);
}

static void response_forward(const struct ck_response *r, size_t rows, const float *x, float *y, float *sums) {
  const size_t n = r->channels;
  for (size_t row = 0; row < rows; row++, x += n, y += n, sums += n) {
    response_sums(r, x, sums);
    if (r->beta == 0.75f)
      response_outputs(n, 0.75f, x, sums, y);
    else
      response_outputs(n, r->beta, x, sums, y);
  }
}

// feedback[j] = Σ dy · y / s over the channels that count channel j among their neighbours.
CK_INLINE void response_feedback(
    const struct ck_response *r, const float *restrict y, const float *restrict sums, const float *restrict dy,
    float *restrict feedback) {
  const ptrdiff_t before = (ptrdiff_t)((r->size - 1) / 2), after = (ptrdiff_t)(r->size / 2);
  zero_run(r->channels, feedback);
  for (ptrdiff_t offset = -before; offset <= after; offset++) {
    const struct taps inside = with_neighbour(r->channels, offset);
    for (ptrdiff_t c = inside.first; c < inside.last; c++)
      feedback[c] += dy[c + offset] * y[c + offset] / sums[c + offset];
  }
}

CK_INLINE void response_gradients(
    size_t n, float beta, float factor, const float *restrict x, const float *restrict sums, const float *restrict dy,
    float *restrict dx) {
  for (size_t c = 0; c < n; c++) dx[c] = dy[c] * inverse_power(sums[c], beta) - factor * x[c] * dx[c];
}

static void response_backward(
    const struct ck_response *r, size_t rows, const float *x, const float *y, const float *sums, const float *dy,
    float *dx) {
  const size_t n = r->channels;
  const float factor = 2 * r->alpha * r->beta / (float)r->size;
  for (size_t row = 0; row < rows; row++, x += n, y += n, sums += n, dy += n, dx += n) {
    response_feedback(r, y, sums, dy, dx);
    if (r->beta == 0.75f)
      response_gradients(n, 0.75f, factor, x, sums, dy, dx);
    else
      response_gradients(n, r->beta, factor, x, sums, dy, dx);
  }
}
