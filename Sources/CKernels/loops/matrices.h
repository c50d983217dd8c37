// Loops over matrices in row-major order.

CK_INLINE void copy_run(size_t n, const float *restrict x, float *restrict y) {
  if (n > 0) memcpy(y, x, n * sizeof(float));
}

CK_INLINE void zero_run(size_t n, float *restrict y) {
  if (n > 0) memset(y, 0, n * sizeof(float));
}

// Zeros if there is no x.
CK_INLINE void put_run(size_t n, const float *restrict x, float *restrict y) {
  if (x)
    copy_run(n, x, y);
  else
    zero_run(n, y);
}

CK_INLINE void add_run(size_t n, const float *restrict x, float *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void copy_rows(size_t rows, size_t columns, const float *x, size_t x_stride, float *y, size_t y_stride) {
  for (size_t row = 0; row < rows; row++) copy_run(columns, x + row * x_stride, y + row * y_stride);
}

// In tiles, so that both the rows read and the rows written stay in the first-level cache.
static void transpose(size_t rows, size_t columns, const float *restrict x, float *restrict y) {
  enum { TILE = 16 };
  for (size_t top = 0; top < rows; top += TILE) {
    const size_t bottom = top + TILE < rows ? top + TILE : rows;
    for (size_t left = 0; left < columns; left += TILE) {
      const size_t right = left + TILE < columns ? left + TILE : columns;
      for (size_t column = left; column < right; column++)
        for (size_t row = top; row < bottom; row++) y[column * rows + row] = x[row * columns + column];
    }
  }
}

static void add_row(size_t rows, size_t columns, const float *restrict added, float *restrict y) {
  for (size_t row = 0; row < rows; row++) add_run(columns, added, y + row * columns);
}

static void spread_row(size_t rows, size_t columns, float factor, const float *restrict spread, float *restrict y) {
  for (size_t row = 0; row < rows; row++)
    for (size_t column = 0; column < columns; column++) y[row * columns + column] = factor * spread[column];
}
