// Products of matrices: blocks of the left operand, copied where that pays, times the packed panels of the right one.

// What is left of memory that is read next, and how much of it is asked for with each tile.
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

// At most so many terms at a time, so that a panel stays in the first-level cache.
enum { INNER_BLOCK = 256 };

// Values and rows of the left operand that are multiplied at a time: they share the second-level cache with what comes
// next.
enum { LEFT_BLOCK = 72 * INNER_BLOCK, LEFT_ROWS = 144 };

// Between copied rows, so that they do not fall on the same lines of the first-level cache.
enum { LEFT_GAP = 16 };

// After copied tiles, so that each can be written in whole registers: the largest tile rounded up to these.
enum { TILE_GAP = (CK_ROWS + CK_VECTOR - 1) / CK_VECTOR * CK_VECTOR };

// Rows of the left operand are copied if the panels of so many columns read the copy.
enum { COLUMNS_WORTH_A_COPY = 80 };

// A block of the left operand as the tiles read it: rows of terms, as they lie or copied to where they are near each
// other, or tiles one after the other, in which the rows of each term lie side by side. The rows of a wide matrix are
// often a power of two apart, so that they fall on few lines of the caches and on many pages.
struct left {
  size_t rows, terms;
  struct cut cut;
  const float *at;
  // From row to row; before tiles are copied, from term to term.
  size_t distance;
  int in_tiles;
};

CK_INLINE void copy_left_rows(struct left *l, float *copy) {
  const size_t distance = l->terms + LEFT_GAP;
  for (size_t i = 0; i < l->rows; i++) copy_run(l->terms, l->at + i * l->distance, copy + i * distance);
  l->at = copy, l->distance = distance;
}

// Copies terms whose rows lie side by side. What a wide store writes after a tile is written again by the next
// term, or lies in the gap.
CK_INLINE void copy_left_tiles(struct left *l, float *copy) {
  const struct cut cut = l->cut;
  for (size_t k = 0; k < l->terms; k++) {
    const float *from = l->at + k * l->distance;
    float *to = copy;
#define TILE(count, row)                                                                                \
  if (l->rows - row >= TILE_GAP)                                                                        \
    for (size_t v = 0; v < TILE_GAP; v += CK_VECTOR) store(to + k * count + v, load(from + row + v));   \
  else                                                                                                  \
    copy_run(count, from + row, to + k * count);                                                        \
  to += l->terms * count + TILE_GAP;
    FOR_EACH_TILE(cut, TILE)
#undef TILE
  }
  l->at = copy, l->in_tiles = 1;
}

// One panel for a block of rows. Meanwhile memory is fetched.
CK_INLINE void left_panel(
    const struct left *l, size_t vectors, const float *panel, float *c, size_t c_row, int adding,
    struct fetch fetches[3]) {
#define TILE(count, row)                                                                                               \
  for (size_t i = 0; i < 3; i++) fetch_some(fetches + i);                                                              \
  const float *a = l->at + (row) * (l->in_tiles ? l->terms : l->distance) + (l->in_tiles ? index * TILE_GAP : 0);      \
  if (l->in_tiles)                                                                                                     \
    long_tile_of_packed(count, vectors, l->terms, a, panel, c + (row)*c_row, c_row, adding);                           \
  else                                                                                                                 \
    long_tile_of_rows(count, vectors, l->terms, a, l->distance, panel, c + (row)*c_row, c_row, adding);
  FOR_EACH_TILE(l->cut, TILE)
#undef TILE
}

// The first `columns` columns of a panel, fewer than a register holds: by way of a copy.
CK_INLINE void left_rest(
    const struct left *l, size_t columns, const float *panel, float *c, size_t c_row, int adding,
    struct fetch fetches[3]) {
  float copy[LEFT_ROWS * CK_VECTOR];
  left_panel(l, 1, panel, copy, CK_VECTOR, 0, fetches);
  put_rows(l->rows, columns, copy, c, c_row, adding);
}

// c[rows][columns] = a · b, or += if `adding`; b as `pack` leaves it.
static void product(
    size_t rows, size_t columns, size_t inner, const float *a, int in_columns, size_t a_distance, const float *packed,
    float *c, size_t c_row, int adding, struct ck_next next) {
  float copy[LEFT_BLOCK + LEFT_ROWS * LEFT_GAP] __attribute__((aligned(64)));
  const size_t terms = inner < INNER_BLOCK ? inner : INNER_BLOCK;
  const size_t block = terms * LEFT_ROWS < LEFT_BLOCK ? LEFT_ROWS : LEFT_BLOCK / terms;
  const size_t tiles = (rows + CK_ROWS - 1) / CK_ROWS * ((columns + 2 * CK_VECTOR - 1) / (2 * CK_VECTOR)) *
                       ((inner + INNER_BLOCK - 1) / INNER_BLOCK);
  struct fetch fetches[3] = {
      fetch_during(tiles, next.first, next.first_count), fetch_during(tiles, next.second, next.second_count)};
  for (size_t row = 0; row < rows; row += block)
    for (size_t k = 0; k < inner; k += INNER_BLOCK) {
      const size_t count = rows - row < block ? rows - row : block;
      struct left l = {
          count, inner - k < INNER_BLOCK ? inner - k : INNER_BLOCK, cut_rows(count, CK_ROWS),
          in_columns ? a + k * a_distance + row : a + row * a_distance + k, a_distance, 0};
      if (in_columns)
        copy_left_tiles(&l, copy);
      else if (columns >= COLUMNS_WORTH_A_COPY)
        copy_left_rows(&l, copy);
#define PANEL(column, vectors)                                                     \
  const size_t width = vectors * CK_VECTOR;                                        \
  const float *panel = packed + column * inner + k * width;                        \
  float *to = c + row * c_row + column;                                            \
  fetches[2] = fetch_during(l.cut.tiles, panel + inner * width, column + 2 * width <= columns ? l.terms * width : 0);
#define WIDE(column, vectors)                                                      \
  PANEL(column, vectors)                                                           \
  left_panel(&l, vectors, panel, to, c_row, adding || k > 0, fetches);
#define REST(column, count)                                                        \
  PANEL(column, 1)                                                                 \
  left_rest(&l, count, panel, to, c_row, adding || k > 0, fetches);
      FOR_EACH_PANEL(columns, WIDE, REST);
#undef PANEL
#undef WIDE
#undef REST
    }
}
