// Matrix products. The right operand lies in panels of `panel_width` columns, packed or within a wider matrix, and the
// left one anywhere.
//
// Source of the scheme: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008);
// without the packing of the left operand, which is small enough here to stay in the caches.

// c[rows][vectors] = Σ over k of a[row · a_row + k · a_step] · b[k][vectors], or += if `adding`. `rows` and `vectors` are
// constants where this is inlined, so that all sums live in registers. Each sum runs over k in ascending order.
CK_INLINE void product_tile(
    const size_t rows, const size_t vectors, size_t inner, const float *a, size_t a_row, size_t a_step, const float *b,
    size_t b_step, float *c, size_t c_row, int adding) {
  vector sums[CK_ROWS][2];
#pragma clang loop unroll(full)
  for (size_t row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[row][v] = adding ? load(c + row * c_row + v * CK_VECTOR) : (vector){0};
#pragma clang loop unroll(disable)
  for (size_t k = 0; k < inner; k++, a += a_step, b += b_step) {
    vector right[2];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) right[v] = load(b + v * CK_VECTOR);
#pragma clang loop unroll(full)
    for (size_t row = 0; row < rows; row++) {
      const vector left = broadcast(a[row * a_row]);
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) sums[row][v] = left * right[v] + sums[row][v];
    }
  }
#pragma clang loop unroll(full)
  for (size_t row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) store(c + row * c_row + v * CK_VECTOR, sums[row][v]);
}

// The same for any number of rows up to CK_ROWS.
CK_INLINE void product_rows(
    size_t rows, const size_t vectors, size_t inner, const float *a, size_t a_row, size_t a_step, const float *b,
    size_t b_step, float *c, size_t c_row, int adding) {
#define CK_CASE(n)                                                                        \
  case n: product_tile(n, vectors, inner, a, a_row, a_step, b, b_step, c, c_row, adding); break;
  switch (rows) {
    CK_CASE(1)
    CK_CASE(2)
    CK_CASE(3)
    CK_CASE(4)
    CK_CASE(5)
    CK_CASE(6)
#if CK_ROWS > 6
    CK_CASE(7)
    CK_CASE(8)
    CK_CASE(9)
    CK_CASE(10)
    CK_CASE(11)
    CK_CASE(12)
#endif
  }
#undef CK_CASE
}

// At most so many terms at a time, so that a panel stays in the first-level cache.
enum { INNER_BLOCK = 256 };

CK_INLINE void product_panel(
    size_t rows, const size_t vectors, size_t inner, const float *a, size_t a_row, size_t a_step, const float *panel,
    size_t b_step, float *c, size_t c_row, int adding) {
  for (size_t k = 0; k < inner; k += INNER_BLOCK) {
    const size_t terms = inner - k < INNER_BLOCK ? inner - k : INNER_BLOCK;
    const size_t blocks = (rows + CK_ROWS - 1) / CK_ROWS;
    for (size_t block = 0, row = 0; block < blocks; block++) {
      const size_t count = (rows - row + blocks - block - 1) / (blocks - block);
      product_rows(
          count, vectors, terms, a + row * a_row + k * a_step, a_row, a_step, panel + k * b_step, b_step,
          c + row * c_row, c_row, adding || k > 0);
      row += count;
    }
  }
}

// The same for the last panel of a matrix, of which only `columns` columns count: by way of a copy.
static void product_rest(
    size_t rows, size_t columns, size_t inner, const float *a, size_t a_row, size_t a_step, const float *panel,
    float *c, size_t c_row, int adding) {
  float copy[CK_ROWS * CK_VECTOR];
  for (size_t row = 0; row < rows; row += CK_ROWS) {
    const size_t count = rows - row < CK_ROWS ? rows - row : CK_ROWS;
    product_panel(count, 1, inner, a + row * a_row, a_row, a_step, panel, CK_VECTOR, copy, CK_VECTOR, 0);
    for (size_t i = 0; i < count; i++) {
      float *to = c + (row + i) * c_row;
      if (adding)
        add_run(columns, copy + i * CK_VECTOR, to);
      else
        copy_run(columns, copy + i * CK_VECTOR, to);
    }
  }
}

// c[rows][columns] = a · b, or += if `adding`; b as `pack` leaves it.
static void product(
    size_t rows, size_t columns, size_t inner, const float *a, size_t a_row, size_t a_step, const float *packed,
    float *c, size_t c_row, int adding) {
  while (columns >= 2 * CK_VECTOR) {
    product_panel(rows, 2, inner, a, a_row, a_step, packed, 2 * CK_VECTOR, c, c_row, adding);
    packed += 2 * CK_VECTOR * inner, c += 2 * CK_VECTOR, columns -= 2 * CK_VECTOR;
  }
  while (columns >= CK_VECTOR) {
    product_panel(rows, 1, inner, a, a_row, a_step, packed, CK_VECTOR, c, c_row, adding);
    packed += CK_VECTOR * inner, c += CK_VECTOR, columns -= CK_VECTOR;
  }
  if (columns > 0) product_rest(rows, columns, inner, a, a_row, a_step, packed, c, c_row, adding);
}

// One panel of x, whose number (k, column) lies at k · step + column · stride; `columns` of `width` columns, then zeros.
CK_INLINE void pack_panel(
    size_t inner, size_t columns, size_t width, const float *x, size_t step, size_t stride, float *panel) {
  enum { DEPTH = 16 };
  for (size_t top = 0; top < inner; top += DEPTH) {
    const size_t bottom = inner - top < DEPTH ? inner : top + DEPTH;
    if (stride == 1) {
      for (size_t k = top; k < bottom; k++) copy_run(columns, x + k * step, panel + k * width);
    } else {
      for (size_t column = 0; column < columns; column++)
        for (size_t k = top; k < bottom; k++) panel[k * width + column] = x[k * step + column * stride];
    }
    for (size_t k = top; k < bottom && columns < width; k++) zero_run(width - columns, panel + k * width + columns);
  }
}

// Packs a matrix [inner][columns] into panels of two registers' width, then of one; see `product`.
static void pack(size_t inner, size_t columns, const float *x, size_t step, size_t stride, float *packed) {
  while (columns > 0) {
    const size_t width = columns >= 2 * CK_VECTOR ? 2 * CK_VECTOR : CK_VECTOR;
    const size_t count = columns < width ? columns : width;
    pack_panel(inner, count, width, x, step, stride, packed);
    packed += inner * width, x += count * stride, columns -= count;
  }
}
