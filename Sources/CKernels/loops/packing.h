// The right operand of `product` in panels.

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

// Numbers of a column that are asked for ahead of use. The columns of a panel are too many streams for the CPU to follow, and
// they go to the second-level cache: a power of two apart, they would drive each other out of the first.
enum { PACK_AHEAD = 64 };

// The same out of columns that lie as they are read, `stride` apart, in blocks that are transposed in registers; returns the
// rows that are done, a multiple of CK_VECTOR.
CK_INLINE size_t pack_columns(size_t inner, size_t width, const float *x, size_t stride, float *panel) {
  const size_t done = inner / CK_VECTOR * CK_VECTOR;
  for (size_t k = 0; k < done; k += CK_VECTOR)
    for (size_t column = 0; column < width; column += CK_VECTOR) {
      prefetch_rows(CK_VECTOR, x + k + PACK_AHEAD + column * stride, stride);
      transpose_block(x + k + column * stride, stride, panel + k * width + column, width);
    }
  return done;
}

// One panel of x, whose element (k, column) lies at k · step + column · stride; `columns` of `width` columns, then
// zeros.
CK_INLINE void pack_panel(
    size_t inner, size_t columns, size_t width, const float *x, size_t step, size_t stride, float *panel) {
  enum { DEPTH = 16 };
  const size_t transposed = step == 1 && columns == width ? pack_columns(inner, width, x, stride, panel) : 0;
  for (size_t top = transposed; top < inner; top += DEPTH) {
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
