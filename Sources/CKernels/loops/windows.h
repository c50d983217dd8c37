// Walks over the pixels of a window's output, and the two halves of a convolution by matrix product (im2col, col2im).

// A pixel of the output, with the input position that the window's first tap falls on; it may lie in the padding.
struct pixel {
  size_t sample;
  ptrdiff_t row, column, top, left;
};

CK_INLINE void locate(const struct ck_window *w, struct pixel *p) {
  p->top = p->row * w->stride_height - w->pad_top;
  p->left = p->column * w->stride_width - w->pad_left;
}

CK_INLINE struct pixel pixel_at(const struct ck_window *w, size_t index) {
  const size_t width = (size_t)w->output_width, plane = (size_t)w->output_height * width;
  struct pixel p = {
      .sample = index / plane,
      .row = (ptrdiff_t)(index % plane / width),
      .column = (ptrdiff_t)(index % width),
  };
  locate(w, &p);
  return p;
}

CK_INLINE void advance(const struct ck_window *w, struct pixel *p) {
  if (++p->column == w->output_width) {
    p->column = 0;
    if (++p->row == w->output_height) {
      p->row = 0;
      p->sample++;
    }
  }
  locate(w, p);
}

// The taps of one axis that fall on the input: first ..< last.
struct taps {
  ptrdiff_t first, last;
};

CK_INLINE struct taps taps_inside(ptrdiff_t start, ptrdiff_t dilation, ptrdiff_t kernel, ptrdiff_t size) {
  ptrdiff_t first = start < 0 ? (-start + dilation - 1) / dilation : 0;
  ptrdiff_t last = start < size ? (size - start + dilation - 1) / dilation : 0;
  if (last > kernel) last = kernel;
  if (first > last) first = last;
  return (struct taps){first, last};
}

// The offset of the input position under tap (row, column) of the window.
CK_INLINE size_t position(const struct ck_window *w, const struct pixel *p, ptrdiff_t row, ptrdiff_t column) {
  const ptrdiff_t y = p->top + row * w->dilation_height, x = p->left + column * w->dilation_width;
  return (size_t)(y * w->input_width + x);
}

CK_INLINE size_t plane(const struct ck_window *w) { return (size_t)(w->input_height * w->input_width); }

// Taps that are neighbours in memory are copied in one run: those of a row, if nothing lies between them.
CK_INLINE ptrdiff_t taps_per_run(const struct ck_window *w, struct ck_channels c, struct taps columns) {
  const ptrdiff_t count = columns.last - columns.first;
  return w->dilation_width == 1 && c.count == c.total && count > 0 ? count : 1;
}

// Puts values of row `row` of a matrix [rows][columns], from `column` on, into panels as `pack` leaves them; zeros if
// there is no `from`.
CK_INLINE void put_in_panels(
    size_t rows, size_t columns, size_t row, size_t column, size_t count, const float *from, float *panels) {
  enum { WIDTH = 2 * CK_VECTOR };
  const size_t wide = columns / WIDTH * WIDTH;
  for (size_t done = 0, part; done < count; done += part, column += part) {
    const size_t width = column < wide ? WIDTH : CK_VECTOR, within = column % width;
    float *to = panels + (column - within) * rows + row * width + within;
    part = width - within < count - done ? width - within : count - done;
    if (from && part == WIDTH) {
      store(to, load(from + done));
      store(to + CK_VECTOR, load(from + done + CK_VECTOR));
    } else {
      put_run(part, from ? from + done : NULL, to);
    }
  }
}

// The windows of some pixels as rows of a matrix, one after the other or in panels.
CK_INLINE void lay_out(
    const struct ck_window *w, struct ck_channels c, size_t first, size_t pixels, const float *x, const int in_panels,
    float *to) {
  const size_t kernel_row = (size_t)w->kernel_width * c.count, width = (size_t)w->kernel_height * kernel_row;
  struct pixel p = pixel_at(w, first);
#define PUT(column, count, from)                                                  \
  do {                                                                            \
    if (in_panels)                                                                \
      put_in_panels(pixels, width, i, column, count, from, to);                   \
    else                                                                          \
      put_run(count, from, to + i * width + (column));                            \
  } while (0)
  for (size_t i = 0; i < pixels; i++, advance(w, &p)) {
    const struct taps down = taps_inside(p.top, w->dilation_height, w->kernel_height, w->input_height);
    const struct taps across = taps_inside(p.left, w->dilation_width, w->kernel_width, w->input_width);
    const ptrdiff_t run = taps_per_run(w, c, across);
    const float *sample = x + p.sample * plane(w) * c.total + c.first;
    for (ptrdiff_t row = 0; row < w->kernel_height; row++) {
      const size_t column = (size_t)row * kernel_row;
      if (row < down.first || row >= down.last) {
        PUT(column, kernel_row, NULL);
        continue;
      }
      PUT(column, (size_t)across.first * c.count, NULL);
      for (ptrdiff_t tap = across.first; tap < across.last; tap += run)
        PUT(column + (size_t)tap * c.count, (size_t)run * c.count, sample + position(w, &p, row, tap) * c.total);
      PUT(column + (size_t)across.last * c.count, (size_t)(w->kernel_width - across.last) * c.count, NULL);
    }
    if (in_panels) PUT(width, (CK_VECTOR - width % CK_VECTOR) % CK_VECTOR, NULL);
  }
#undef PUT
}

static void gather(
    const struct ck_window *w, struct ck_channels c, size_t first, size_t pixels, const float *x, float *columns) {
  lay_out(w, c, first, pixels, x, 0, columns);
}

static void pack_windows(
    const struct ck_window *w, struct ck_channels c, size_t first, size_t pixels, const float *x, float *packed) {
  lay_out(w, c, first, pixels, x, 1, packed);
}

static void scatter(
    const struct ck_window *w, struct ck_channels c, size_t first, size_t pixels, const float *columns, float *dx) {
  const size_t kernel_row = (size_t)w->kernel_width * c.count;
  struct pixel p = pixel_at(w, first);
  for (size_t i = 0; i < pixels; i++, advance(w, &p)) {
    const struct taps down = taps_inside(p.top, w->dilation_height, w->kernel_height, w->input_height);
    const struct taps across = taps_inside(p.left, w->dilation_width, w->kernel_width, w->input_width);
    const ptrdiff_t run = taps_per_run(w, c, across);
    float *sample = dx + p.sample * plane(w) * c.total + c.first;
    for (ptrdiff_t row = down.first; row < down.last; row++)
      for (ptrdiff_t tap = across.first; tap < across.last; tap += run)
        add_run(
            (size_t)run * c.count, columns + (size_t)row * kernel_row + (size_t)tap * c.count,
            sample + position(w, &p, row, tap) * c.total);
    columns += (size_t)w->kernel_height * kernel_row;
  }
}
