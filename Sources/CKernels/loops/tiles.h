// Blocks of sums that stay in registers while both operands stream through. The right operand lies in panels of one or two
// registers' width, packed or within a wider matrix, and the left one anywhere.
//
// Source of the scheme: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008).

// The terms of a sum and where they lie: `groups` runs of `inner` terms. The left factor of term k of run g for row r lies
// at g · a_group + k · a_step + r · a_row, the right factors of a panel at g · b_group + k · b_step.
struct terms {
  size_t groups, inner;
  size_t a_row, a_step, a_group;
  size_t b_step, b_group;
};

// Where the left factors of a term lie. Each pointer serves three rows, at 0, 1 and 2 row distances from it, which x86
// addresses directly: twelve rows take four registers and the distance. With a pointer for each row there are too few
// registers beside a frame pointer, and pointers are loaded from the stack in the innermost loop.
#define CK_ANCHORED 3
struct anchors {
  const float *at[CK_TALL / CK_ANCHORED];
};

CK_INLINE struct anchors anchors(const size_t rows, const float *left, size_t a_row) {
  struct anchors result;
#pragma clang loop unroll(full)
  for (size_t i = 0; i < CK_TALL / CK_ANCHORED; i++)
    result.at[i] = left + (i * CK_ANCHORED < rows ? i * CK_ANCHORED : 0) * a_row;
  return result;
}

// To the next term. The compiler would derive a pointer for each row again; it cannot from values it knows nothing of.
CK_INLINE void advance_anchors(const size_t rows, struct anchors *left, size_t a_step) {
#pragma clang loop unroll(full)
  for (size_t i = 0; i * CK_ANCHORED < rows; i++) {
    left->at[i] += a_step;
    __asm__("" : "+r"(left->at[i]));
  }
}

// sums[rows][vectors] += a · b for one term.
CK_INLINE void product_term(
    const size_t rows, const size_t vectors, size_t a_row, const struct anchors *left, const float *right,
    vector sums[CK_TALL][2]) {
  vector factors[2];
#pragma clang loop unroll(full)
  for (size_t v = 0; v < vectors; v++) factors[v] = load(right + v * CK_VECTOR);
#pragma clang loop unroll(full)
  for (size_t row = 0; row < rows; row++) {
    const vector factor = broadcast(left->at[row / CK_ANCHORED][row % CK_ANCHORED * a_row]);
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[row][v] = factor * factors[v] + sums[row][v];
  }
}

// c[rows][vectors] = Σ a · b over the terms, or += if `adding`. `rows` and `vectors` are constants where this is inlined,
// so that all sums live in registers. Each sum runs over the terms in their order, and is then added to c as a whole, so that
// no sum waits for c. With `is_long` four terms take one turn of the loop: beside another thread of the core, the loop is
// bound by its instructions.
CK_INLINE void product_tile(
    const size_t rows, const size_t vectors, const int is_long, const struct terms *t, const float *a, const float *b,
    float *c, size_t c_row, int adding) {
  vector sums[CK_TALL][2];
#pragma clang loop unroll(full)
  for (size_t row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[row][v] = (vector){0};
#pragma clang loop unroll(full)
  for (size_t row = 0; row < rows; row++) __builtin_prefetch(c + row * c_row, 1);
  for (size_t group = 0; group < t->groups; group++) {
    struct anchors left = anchors(rows, a + group * t->a_group, t->a_row);
    const float *right = b + group * t->b_group;
#pragma clang loop unroll(disable)
    for (size_t turns = is_long ? t->inner / 4 : 0; turns > 0; turns--)
#pragma clang loop unroll(full)
      for (size_t i = 0; i < 4; i++, advance_anchors(rows, &left, t->a_step), right += t->b_step)
        product_term(rows, vectors, t->a_row, &left, right, sums);
#pragma clang loop unroll(disable)
    for (size_t rest = is_long ? t->inner % 4 : t->inner; rest > 0;
         rest--, advance_anchors(rows, &left, t->a_step), right += t->b_step)
      product_term(rows, vectors, t->a_row, &left, right, sums);
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
    size_t rows, const size_t vectors, const int is_long, const struct terms *t, const float *a, const float *b, float *c,
    size_t c_row, int adding) {
#define CK_CASE(n) \
  case n: product_tile(n, vectors, is_long, t, a, b, c, c_row, adding); break;
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

// The first `columns` numbers of rows that are a register wide.
CK_INLINE void put_rows(size_t rows, size_t columns, const float *from, float *c, size_t c_row, int adding) {
  for (size_t row = 0; row < rows; row++)
    if (adding)
      add_run(columns, from + row * CK_VECTOR, c + row * c_row);
    else
      copy_run(columns, from + row * CK_VECTOR, c + row * c_row);
}

// How rows are cut into tiles of nearly equal size, the larger ones first.
struct cut {
  size_t tiles, small, large;
};

CK_INLINE struct cut cut_rows(size_t rows, size_t most) {
  const size_t tiles = rows > 0 ? (rows - 1) / most + 1 : 1;
  return (struct cut){tiles, rows / tiles, rows % tiles};
}

// Calls tile(rows, first row) for each of them.
#define FOR_EACH_TILE(cut, tile)                                  \
  for (size_t index = 0, row = 0; index < (cut).tiles; index++) { \
    const size_t count = (cut).small + (index < (cut).large);     \
    tile(count, row)                                              \
    row += count;                                                 \
  }

// The same for any number of rows.
CK_INLINE void product_panel(
    size_t rows, const size_t vectors, const struct terms *t, const float *a, const float *b, float *c, size_t c_row,
    int adding) {
  const struct cut cut = cut_rows(rows, tile_rows(vectors));
#define TILE(count, row) product_rows(count, vectors, 0, t, a + (row)*t->a_row, b, c + (row)*c_row, c_row, adding);
  FOR_EACH_TILE(cut, TILE)
#undef TILE
}

// The same where only `columns` columns of the panel, fewer than a register holds, count: by way of a copy.
CK_INLINE void product_rest(
    size_t rows, size_t columns, const struct terms *t, const float *a, const float *b, float *c, size_t c_row,
    int adding) {
  float copy[CK_TALL * CK_VECTOR];
  for (size_t row = 0; row < rows; row += CK_TALL) {
    const size_t count = rows - row < CK_TALL ? rows - row : CK_TALL;
    product_rows(count, 1, 0, t, a + row * t->a_row, b, copy, CK_VECTOR, 0);
    put_rows(count, columns, copy, c + row * c_row, c_row, adding);
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

// Tiles of long sums, one instance of each for all that use them: of rows of terms, of terms `a_step` apart whose rows lie side
// by side, and of the same with nothing between them.
#define LONG_TILE(a_row, a_step)                                              \
  const struct terms wide = {1, inner, a_row, a_step, 0, 2 * CK_VECTOR, 0};   \
  const struct terms narrow = {1, inner, a_row, a_step, 0, CK_VECTOR, 0};     \
  if (vectors == 2)                                                           \
    product_rows(rows, 2, 1, &wide, a, b, c, c_row, adding);                  \
  else                                                                        \
    product_rows(rows, 1, 1, &narrow, a, b, c, c_row, adding);

static CK_NOINLINE void long_tile_of_rows(
    size_t rows, size_t vectors, size_t inner, const float *a, size_t a_row, const float *b, float *c, size_t c_row,
    int adding) {
  LONG_TILE(a_row, 1)
}

static CK_NOINLINE void long_tile_of_columns(
    size_t rows, size_t vectors, size_t inner, const float *a, size_t a_step, const float *b, float *c, size_t c_row,
    int adding) {
  LONG_TILE(1, a_step)
}

static CK_NOINLINE void long_tile_of_packed(
    size_t rows, size_t vectors, size_t inner, const float *a, const float *b, float *c, size_t c_row, int adding) {
  LONG_TILE(1, rows)
}
#undef LONG_TILE

// The first two of these for any number of rows; `a_distance` lies between rows, or `in_columns` between terms.
CK_INLINE void long_panel(
    size_t rows, size_t vectors, size_t inner, const float *a, int in_columns, size_t a_distance, const float *b,
    float *c, size_t c_row, int adding) {
  const struct cut cut = cut_rows(rows, tile_rows(vectors));
#define TILE(count, row)                                                                                      \
  if (in_columns)                                                                                             \
    long_tile_of_columns(count, vectors, inner, a + row, a_distance, b, c + (row)*c_row, c_row, adding);      \
  else                                                                                                        \
    long_tile_of_rows(count, vectors, inner, a + (row)*a_distance, a_distance, b, c + (row)*c_row, c_row, adding);
  FOR_EACH_TILE(cut, TILE)
#undef TILE
}
