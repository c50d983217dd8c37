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
// so that all sums live in registers. Each sum runs over the terms in their order, and is then added to c as a whole, so that
// no sum waits for c.
CK_INLINE void product_tile(
    const size_t rows, const size_t vectors, const struct terms *t, const float *a, const float *b, float *c,
    size_t c_row, int adding) {
  vector sums[CK_TALL][2];
#pragma clang loop unroll(full)
  for (size_t row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[row][v] = (vector){0};
#pragma clang loop unroll(full)
  for (size_t row = 0; row < rows; row++) __builtin_prefetch(c + row * c_row, 1);
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
  if (adding) {
#pragma clang loop unroll(full)
    for (size_t row = 0; row < rows; row++)
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) sums[row][v] += load(c + row * c_row + v * CK_VECTOR);
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

// What is left of memory that is read soon, and how much of it is asked for with each tile.
struct fetch {
  const char *at, *end;
  size_t step;
};

CK_INLINE struct fetch fetch_during(size_t tiles, const float *at, size_t count) {
  const char *start = (const char *)at;
  return (struct fetch){start, start + count * sizeof(float), (count / 16 + tiles - 1) / tiles * 64};
}

// Asks for the second-level cache, since the first is in use.
CK_INLINE void fetch_some(struct fetch *f) {
  for (const char *end = f->at + f->step; f->at < end && f->at < f->end; f->at += 64) __builtin_prefetch(f->at, 0, 2);
}

// The same for any number of rows, cut into parts of nearly equal size. Meanwhile memory is fetched.
CK_INLINE void product_panel_fetching(
    size_t rows, const size_t vectors, const struct terms *t, const float *a, const float *b, float *c, size_t c_row,
    int adding, struct fetch *soon, size_t soon_count) {
  const size_t blocks = (rows + tile_rows(vectors) - 1) / tile_rows(vectors);
  for (size_t block = 0, row = 0; block < blocks; block++) {
    const size_t count = (rows - row + blocks - block - 1) / (blocks - block);
    for (size_t i = 0; i < soon_count; i++) fetch_some(soon + i);
    product_rows(count, vectors, t, a + row * t->a_row, b, c + row * c_row, c_row, adding);
    row += count;
  }
}

CK_INLINE void product_panel(
    size_t rows, const size_t vectors, const struct terms *t, const float *a, const float *b, float *c, size_t c_row,
    int adding) {
  product_panel_fetching(rows, vectors, t, a, b, c, c_row, adding, NULL, 0);
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
    float *c, size_t c_row, int adding, struct ck_soon soon) {
  const size_t tiles = (rows + CK_ROWS - 1) / CK_ROWS * ((columns + 2 * CK_VECTOR - 1) / (2 * CK_VECTOR)) *
                       ((inner + INNER_BLOCK - 1) / INNER_BLOCK);
  struct fetch fetches[2] = {
      fetch_during(tiles, soon.first, soon.first_count), fetch_during(tiles, soon.second, soon.second_count)};
  for (size_t k = 0; k < inner; k += INNER_BLOCK) {
    const size_t terms = inner - k < INNER_BLOCK ? inner - k : INNER_BLOCK;
    const int adds = adding || k > 0;
#define WIDE(column, vectors)                                                                                       \
  const struct terms t = {1, terms, a_row, a_step, 0, vectors * CK_VECTOR, 0};                                      \
  product_panel_fetching(                                                                                           \
      rows, vectors, &t, a + k * a_step, packed + column * inner + k * t.b_step, c + column, c_row, adds, fetches, 2);
#define REST(column, count)                                                                                         \
  const struct terms t = {1, terms, a_row, a_step, 0, CK_VECTOR, 0};                                                \
  product_rest(rows, count, &t, a + k * a_step, packed + column * inner + k * CK_VECTOR, c + column, c_row, adds);
    FOR_EACH_PANEL(columns, WIDE, REST);
#undef WIDE
#undef REST
  }
}

// Panels of two registers' width out of rows that lie as they are read, row by row: memory is read in its order.
CK_INLINE void pack_rows(size_t inner, size_t panels, const float *x, size_t step, float *packed) {
  enum { WIDTH = 2 * CK_VECTOR };
  for (size_t k = 0; k < inner; k++)
    for (size_t panel = 0; panel < panels; panel++) {
      const float *from = x + k * step + panel * WIDTH;
      float *to = packed + (panel * inner + k) * WIDTH;
      store(to, load(from));
      store(to + CK_VECTOR, load(from + CK_VECTOR));
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
  if (stride == 1) {
    const size_t panels = columns / (2 * CK_VECTOR), done = panels * 2 * CK_VECTOR;
    pack_rows(inner, panels, x, step, packed);
    packed += inner * done, x += done, columns -= done;
  }
  while (columns > 0) {
    const size_t width = columns >= 2 * CK_VECTOR ? 2 * CK_VECTOR : CK_VECTOR;
    const size_t count = columns < width ? columns : width;
    pack_panel(inner, count, width, x, step, stride, packed);
    packed += inner * width, x += count * stride, columns -= count;
  }
}
