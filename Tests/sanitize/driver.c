// Calls each loop of each instruction set that the CPU has on buffers of exactly the size it may touch, so that the
// address sanitizer sees any access beyond them, and the undefined behaviour sanitizer any overflow or misuse.
// Tests/sanitize/run builds and runs it.
#include "ckernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// An allocation of n floats with numbers in it; freed at the end of each round.
static void *kept[64];
static size_t count_kept;

static float *floats(size_t n) {
  float *memory = malloc(n * sizeof(float));
  for (size_t i = 0; i < n; i++) memory[i] = (float)(i % 11) - 5;
  return kept[count_kept++] = memory;
}

static int32_t *integers(size_t n) {
  int32_t *memory = malloc(n * sizeof(int32_t));
  for (size_t i = 0; i < n; i++) memory[i] = 0;
  return kept[count_kept++] = memory;
}

static void release(void) {
  while (count_kept > 0) free(kept[--count_kept]);
}

static void elements(const struct ck_table *t, size_t n) {
  float *a = floats(n), *b = floats(n), *c = floats(n);
  t->add(n, a, b, c);
  t->multiply(n, a, b, c);
  t->accumulate(n, a, c);
  t->scale(n, 0.5f, c);
  t->fill(n, 1, c);
  t->relu_forward(n, a, c);
  t->relu_forward(n, a, a);
  t->relu_backward(n, a, b, c);
  t->sigmoid_backward(n, a, b, c);
  t->tanh_backward(n, a, b, c);
  t->average(n, 0.1f, 0.5f, a, c);
  t->sgd(n, 0.1f, 0.01f, a, b);
  t->sgd_momentum(n, 0.1f, 0.9f, 0.01f, a, b, c);
  t->sgd_nesterov(n, 0.1f, 0.9f, 0.01f, a, b, c);
  t->dropout_mask(n, (uint32_t[]){1, 2}, (uint32_t[]){3, 4, 5}, 0.5f, 2, c);
  t->first_not_finite(n, a);
  t->summary(n, a);
  release();
}

static void matrices(const struct ck_table *t, size_t rows, size_t columns) {
  float *x = floats(rows * columns), *y = floats(rows * columns), *dx = floats(rows * columns);
  float *row = floats(columns), *wide = floats(rows * (columns + 3));
  float *a = floats(columns), *b = floats(columns), *c = floats(columns), *d = floats(columns), *e = floats(columns);
  t->copy_rows(rows, columns, x, columns, wide, columns + 3);
  t->copy_rows(rows, columns, wide, columns + 3, y, columns);
  t->transpose(rows, columns, x, y);
  t->add_row(rows, columns, row, y);
  t->spread_row(rows, columns, 0.5f, row, y);
  t->column_sums(rows, columns, 1, x, row);
  t->normalize_training(rows, columns, 1e-5f, x, a, b, y, c, d, e);
  t->normalize_backward(rows, columns, x, y, a, c, d, dx, b, e);
  t->normalize_evaluation(rows, columns, 1e-5f, x, a, b, c, e, y);
  release();
}

static ptrdiff_t outputs(ptrdiff_t input, ptrdiff_t pads, ptrdiff_t kernel, ptrdiff_t stride, ptrdiff_t dilation) {
  const ptrdiff_t room = input + pads - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

static void windows(const struct ck_table *t, const struct ck_window *w, size_t batch, size_t channels, size_t groups) {
  const size_t pixels = batch * (size_t)(w->output_height * w->output_width);
  const size_t inputs = batch * (size_t)(w->input_height * w->input_width) * channels;
  const size_t count = channels / groups, row = (size_t)(w->kernel_height * w->kernel_width) * count;
  float *x = floats(inputs), *y = floats(pixels * channels), *dx = floats(inputs);
  int32_t *indices = integers(pixels * channels);
  for (size_t first = 0; first < pixels; first += 7) {
    const size_t block = pixels - first < 7 ? pixels - first : 7;
    float *columns = floats(block * row);
    for (size_t group = 0; group < groups; group++) {
      const struct ck_channels c = {channels, group * count, count};
      t->gather(w, c, first, block, x, columns);
      t->scatter(w, c, first, block, columns, dx);
    }
    free(kept[--count_kept]);
  }
  t->max_forward(w, channels, batch, x, y, indices);
  t->max_backward(w, channels, batch, y, indices, dx);
  for (int include = 0; include < 2; include++) {
    t->average_forward(w, channels, batch, include, x, y);
    t->average_backward(w, channels, batch, include, y, dx);
  }
  release();
}

static void all_windows(const struct ck_table *t) {
  static const size_t channels[] = {1, 3, 16, 6};
  for (unsigned i = 0; i < 4096; i++) {
    // The bits of i choose a geometry.
    struct ck_window w = {
        .input_height = 1 + i % 2 * 4, .input_width = 1 + i / 2 % 2 * 5,
        .kernel_height = 1 + i / 4 % 2 * 2, .kernel_width = 1 + i / 8 % 2,
        .stride_height = 1 + i / 16 % 2, .stride_width = 1 + i / 16 % 2 * 2,
        .pad_top = i / 32 % 2, .pad_left = i / 64 % 2 * 2,
        .dilation_height = 1 + i / 128 % 2, .dilation_width = 1 + i / 256 % 2,
    };
    const ptrdiff_t bottom = i / 512 % 2 * 3;
    w.output_height = outputs(w.input_height, w.pad_top + bottom, w.kernel_height, w.stride_height, w.dilation_height);
    w.output_width = outputs(w.input_width, w.pad_left, w.kernel_width, w.stride_width, w.dilation_width);
    const size_t c = channels[i / 1024];
    if (w.output_height > 0 && w.output_width > 0) windows(t, &w, 1 + i % 2, c, i / 1024 == 3 ? 3 : 1);
  }
}

int main(void) {
  static const size_t counts[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 63, 64, 65, 127, 1024, 1025};
  static const size_t widths[] = {1, 2, 3, 6, 16, 31, 33, 63, 64, 65, 100, 128, 130};
  for (ck_isa isa = CK_BASELINE; isa <= CK_AVX512; isa++) {
    if (!ck_select(isa)) {
      printf("sanitize: instruction set %d skipped, this CPU lacks it\n", (int)isa);
      continue;
    }
    const struct ck_table *t = ck_loops();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) elements(t, counts[i]);
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
      for (size_t rows = 1; rows < 140; rows += rows < 8 ? 1 : 43) matrices(t, rows, widths[i]);
    all_windows(t);
    printf("sanitize: instruction set %d clean\n", (int)isa);
  }
  return 0;
}
