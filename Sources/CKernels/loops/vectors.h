// Vector registers as C values. A file that includes the loops defines CK_VECTOR, the floats of a register, and
// CK_ROWS, the rows of the product's micro-kernel that the number of registers allows.

typedef float vector __attribute__((vector_size(CK_VECTOR * sizeof(float))));
typedef float loose_vector __attribute__((vector_size(CK_VECTOR * sizeof(float)), aligned(sizeof(float))));

// As many 32-bit integers; comparisons of vectors give -1 for true and 0 for false.
typedef int32_t integers __attribute__((vector_size(CK_VECTOR * sizeof(int32_t))));

CK_INLINE vector load(const float *x) { return *(const loose_vector *)x; }

CK_INLINE void store(float *y, vector v) { *(loose_vector *)y = v; }

// Floats of a line of the caches.
enum { LINE = 16 };

// Asks for the lines of `rows` rows, for the second-level cache. Nothing is read, so that x may lie past the end.
CK_INLINE void prefetch_rows(size_t rows, const float *x, size_t x_row) {
#pragma clang loop unroll(full)
  for (size_t row = 0; row < rows; row++) __builtin_prefetch(x + row * x_row, 0, 2);
}

// Less zero, since that changes no number, not even -0.
CK_INLINE vector broadcast(float x) { return x - (vector){0}; }

// The numbers of two vectors in turn: of their first halves, and of their second halves.
#if CK_VECTOR == 16
#define INTERLEAVE_LOW(a, b) \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define INTERLEAVE_HIGH(a, b) \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif CK_VECTOR == 8
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif CK_VECTOR == 4
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

// y[column][row] = x[row][column] of a block of CK_VECTOR by CK_VECTOR: each round interleaves row i with the row half a
// block further, which moves a bit of the row's index to the column's.
CK_INLINE void transpose_block(const float *x, size_t x_row, float *y, size_t y_row) {
  vector rows[CK_VECTOR], mixed[CK_VECTOR];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < CK_VECTOR; i++) rows[i] = load(x + i * x_row);
#pragma clang loop unroll(full)
  for (size_t round = 1; round < CK_VECTOR; round *= 2) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < CK_VECTOR / 2; i++) {
      mixed[2 * i] = INTERLEAVE_LOW(rows[i], rows[i + CK_VECTOR / 2]);
      mixed[2 * i + 1] = INTERLEAVE_HIGH(rows[i], rows[i + CK_VECTOR / 2]);
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < CK_VECTOR; i++) rows[i] = mixed[i];
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < CK_VECTOR; i++) store(y + i * y_row, rows[i]);
}
#undef INTERLEAVE_LOW
#undef INTERLEAVE_HIGH
