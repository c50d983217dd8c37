// Matrix products. The right operand lies in panels of `panel_width` columns, packed or within a wider matrix, and the
// left one anywhere.
//
// Source of the scheme: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008);
// without the packing of the left operand, which is small enough here to stay in the caches.

// The terms of a sum and where they lie: `groups` runs of `inner` terms. The left factor of term k of run g for row r lies
// at g · a_group + k · a_step + r · a_row, the right factors of a panel at g · b_group + k · b_step.
struct terms {
  size_t groups, inner;
  size_t a_row, a_step, a_group;
  size_t b_step, b_group;
};

// c[rows][vectors] = Σ a · b over the terms, or += if `adding`. `rows` and `vectors` are constants where this is inlined,
// so that all sums live in registers. Each sum runs over the terms in their order.
CK_INLINE void product_tile(
    const size_t rows, const size_t vectors, const struct terms *t, const float *a, const float *b, float *c,
    size_t c_row, int adding) {
  vector sums[CK_TALL][2];
#pragma clang loop unroll(full)
  for (size_t row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[row][v] = adding ? load(c + row * c_row + v * CK_VECTOR) : (vector){0};
  for (size_t group = 0; group < t->groups; group++) {
    const float *left = a + group * t->a_group, *right = b + group * t->b_group;
#pragma clang loop unroll(disable)
    for (size_t k = 0; k < t->inner; k++, left += t->a_step, right += t->b_step) {
      vector factors[2];
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) factors[v] = load(right + v * CK_VECTOR);
#pragma clang loop unroll(full)
      for (size_t row = 0; row < rows; row++) {
        const vector factor = broadcast(left[row * t->a_row]);
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) sums[row][v] = factor * factors[v] + sums[row][v];
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) store(c + row * c_row + v * CK_VECTOR, sums[row][v]);
}

// The rows that the registers hold: CK_ROWS beside two registers of right factors, CK_TALL beside one.
CK_INLINE size_t tile_rows(size_t vectors) { return vectors == 2 ? CK_ROWS : CK_TALL; }

// The same for any number of rows up to `tile_rows`.
CK_INLINE void product_rows(
    size_t rows, const size_t vectors, const struct terms *t, const float *a, const float *b, float *c, size_t c_row,
    int adding) {
#define CK_CASE(n) \
  case n: product_tile(n, vectors, t, a, b, c, c_row, adding); break;
  switch (rows) {
    CK_CASE(1)
    CK_CASE(2)
    CK_CASE(3)
    CK_CASE(4)
    CK_CASE(5)
    CK_CASE(6)
  }
  if (tile_rows(vectors) <= 6) return;
  switch (rows) {
    CK_CASE(7)
    CK_CASE(8)
    CK_CASE(9)
    CK_CASE(10)
    CK_CASE(11)
    CK_CASE(12)
  }
#undef CK_CASE
}

// The same for any number of rows, cut into parts of nearly equal size.
CK_INLINE void product_panel(
    size_t rows, const size_t vectors, const struct terms *t, const float *a, const float *b, float *c, size_t c_row,
    int adding) {
  const size_t blocks = (rows + tile_rows(vectors) - 1) / tile_rows(vectors);
  for (size_t block = 0, row = 0; block < blocks; block++) {
    const size_t count = (rows - row + blocks - block - 1) / (blocks - block);
    product_rows(count, vectors, t, a + row * t->a_row, b, c + row * c_row, c_row, adding);
    row += count;
  }
}

// The same where only `columns` columns of the panel, fewer than a register holds, count: by way of a copy.
CK_INLINE void product_rest(
    size_t rows, size_t columns, const struct terms *t, const float *a, const float *b, float *c, size_t c_row,
    int adding) {
  float copy[CK_TALL * CK_VECTOR];
  for (size_t row = 0; row < rows; row += CK_TALL) {
    const size_t count = rows - row < CK_TALL ? rows - row : CK_TALL;
    product_rows(count, 1, t, a + row * t->a_row, b, copy, CK_VECTOR, 0);
    for (size_t i = 0; i < count; i++) {
      float *to = c + (row + i) * c_row;
      if (adding)
        add_run(columns, copy + i * CK_VECTOR, to);
      else
        copy_run(columns, copy + i * CK_VECTOR, to);
    }
  }
}

// Calls panel(rows, vectors or columns, first column) for the panels of `columns` columns: two registers wide, then one,
// then what is left.
#define FOR_EACH_PANEL(columns, wide, rest)                                                            \
  do {                                                                                                 \
    size_t column = 0;                                                                                 \
    for (; column + 2 * CK_VECTOR <= (columns); column += 2 * CK_VECTOR) { wide(column, 2); }          \
    for (; column + CK_VECTOR <= (columns); column += CK_VECTOR) { wide(column, 1); }                  \
    if (column < (columns)) { rest(column, (columns) - column); }                                      \
  } while (0)

// At most so many terms at a time, so that a panel stays in the first-level cache.
enum { INNER_BLOCK = 256 };

// c[rows][columns] = a · b, or += if `adding`; b as `pack` leaves it.
static void product(
    size_t rows, size_t columns, size_t inner, const float *a, size_t a_row, size_t a_step, const float *packed,
    float *c, size_t c_row, int adding) {
  for (size_t k = 0; k < inner; k += INNER_BLOCK) {
    const size_t terms = inner - k < INNER_BLOCK ? inner - k : INNER_BLOCK;
    const int adds = adding || k > 0;
#define WIDE(column, vectors)                                                                                       \
  const struct terms t = {1, terms, a_row, a_step, 0, vectors * CK_VECTOR, 0};                                      \
  product_panel(                                                                                                    \
      rows, vectors, &t, a + k * a_step, packed + column * inner + k * t.b_step, c + column, c_row, adds);
#define REST(column, count)                                                                                         \
  const struct terms t = {1, terms, a_row, a_step, 0, CK_VECTOR, 0};                                                \
  product_rest(rows, count, &t, a + k * a_step, packed + column * inner + k * CK_VECTOR, c + column, c_row, adds);
    FOR_EACH_PANEL(columns, WIDE, REST);
#undef WIDE
#undef REST
  }
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
