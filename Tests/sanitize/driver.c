// Calls each loop of each instruction set that the CPU has on buffers of exactly the size it may touch, so that the
// address sanitizer sees any access beyond them, and the undefined behaviour sanitizer any overflow or misuse.
// Tests/sanitize/run builds and runs it.
#include "ckernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// The loops under test.
static const struct ck_table *table;

// CALL(name)(...) calls a loop. Behind it stands a function for each loop of the list, and an unused function is an
// error: so a loop that is not called here does not compile.
#define CK_LOOP(result, name, parameters) \
  static __typeof__(((struct ck_table *)0)->name) loop_##name(void) { return table->name; }
#include "../../Sources/CKernels/loops.def"
#undef CK_LOOP
#define CALL(name) loop_##name()

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

static void elements(size_t n) {
  float *a = floats(n), *b = floats(n), *c = floats(n);
  CALL(add)(n, a, b, c);
  CALL(multiply)(n, a, b, c);
  CALL(accumulate)(n, a, c);
  CALL(fill)(n, 1, c);
  CALL(average)(n, 0.1f, 0.5f, a, c);
  CALL(sgd)(n, 0.1f, 0.01f, a, b);
  CALL(sgd_momentum)(n, 0.1f, 0.9f, 0.01f, a, b, c);
  CALL(sgd_nesterov)(n, 0.1f, 0.9f, 0.01f, a, b, c);
  float *d = floats(n);
  CALL(sgd_dampened)(n, 0.1f, 0.9f, 0.5f, 0.01f, a, b, c);
  CALL(fill)(n, 1, c);
  CALL(adam)(n, &(struct ck_adam){0.1f, 1, 0, 0.1f, 0.99f, 0.01f, 1, 1e-8f}, a, b, c, d);
  CALL(adam_direction)(n, &(struct ck_adam){0.1f, 1, 0, 0.1f, 0.99f, 0.01f, 1, 1e-8f}, a, b, c, d);
  CALL(adamax)(n, &(struct ck_adam){0.1f, 1, 0, 0.1f, 0.99f, 0.01f, 1, 1e-8f}, a, b, c, d);
  CALL(rms_direction)(n, 0.9f, 0.1f, 1e-8f, 0.1f, a, c, d);
  CALL(rms_centered_direction)(n, 0.9f, 0.1f, 1e-8f, 0.1f, a, c, b, d);
  CALL(adagrad_direction)(n, 1e-8f, 0.1f, a, c, d);
  CALL(rescale)(n, 0.5f, a);
  CALL(clamp)(n, 0.5f, a);
  CALL(dropout_mask)(n, (uint32_t[]){1, 2}, (uint32_t[]){3, 4, 5}, 0.5f, 2, c);
  CALL(summary)(n, a);
  CALL(sum_of_squares)(n, a);
  release();
}

static void activations(size_t n) {
  float *a = floats(n), *b = floats(n), *c = floats(n);
  CALL(relu_forward)(n, a, c);
  CALL(relu6_forward)(n, a, c);
  CALL(leaky_relu_forward)(n, 0.1f, a, c);
  CALL(hard_sigmoid_forward)(n, a, c);
  CALL(hard_swish_forward)(n, a, c);
  CALL(relu_forward)(n, a, a);
  CALL(relu_backward)(n, a, b, c);
  CALL(relu6_backward)(n, a, b, c);
  CALL(leaky_relu_backward)(n, 0.1f, a, b, c);
  CALL(elu_backward)(n, 0.5f, a, b, c);
  CALL(sigmoid_backward)(n, a, b, c);
  CALL(tanh_backward)(n, a, b, c);
  CALL(hard_sigmoid_backward)(n, a, b, c);
  CALL(hard_swish_backward)(n, a, b, c);
  release();
}

static void matrices(size_t rows, size_t columns) {
  float *x = floats(rows * columns), *y = floats(rows * columns), *dx = floats(rows * columns);
  float *row = floats(columns), *wide = floats(rows * (columns + 3));
  float *a = floats(columns), *b = floats(columns), *c = floats(columns), *d = floats(columns), *e = floats(columns);
  CALL(copy_rows)(rows, columns, x, columns, wide, columns + 3);
  CALL(copy_rows)(rows, columns, wide, columns + 3, y, columns);
  CALL(transpose)(rows, columns, x, y);
  CALL(add_row)(rows, columns, row, y);
  CALL(spread_row)(rows, columns, 0.5f, row, y);
  CALL(column_sums)(rows, columns, 1, x, row);
  CALL(column_products)(rows, columns, x, y, row);
  CALL(multiply_row)(rows, columns, x, row, y);
  CALL(multiply_row)(rows, columns, y, row, y);
  CALL(prelu_forward)(rows, columns, x, row, y);
  CALL(prelu_backward)(rows, columns, x, y, row, y);
  CALL(prelu_slopes)(rows, columns, x, y, row);
  float *residual = floats(rows * columns);
  for (int relu = 0; relu < 2; relu++) {
    CALL(normalize_training)(rows, columns, 1e-5f, x, a, b, NULL, relu, y, c, d, e);
    CALL(normalize_training)(rows, columns, 1e-5f, x, a, b, residual, relu, y, c, d, e);
    CALL(normalize_evaluation)(rows, columns, 1e-5f, x, a, b, c, e, relu ? residual : NULL, relu, y);
  }
  CALL(normalize_backward)(rows, columns, x, NULL, y, a, NULL, c, d, dx, NULL, b, e);
  CALL(normalize_backward)(rows, columns, x, NULL, y, a, row, c, d, dx, NULL, b, e);
  CALL(normalize_backward)(rows, columns, x, y, y, a, NULL, c, d, dx, NULL, b, e);
  CALL(normalize_backward)(rows, columns, x, y, y, a, NULL, c, d, dx, residual, b, e);
  release();
}

static void groups(size_t blocks, size_t positions, size_t channels, size_t count) {
  const struct ck_groups g = {blocks, positions, channels, count};
  const size_t n = blocks * positions * channels;
  float *x = floats(n), *y = floats(n), *dx = floats(n), *mean = floats(blocks * count), *inverse = floats(blocks * count);
  float *scale = floats(channels), *shift = floats(channels), *d_scale = floats(channels), *d_shift = floats(channels);
  CALL(group_forward)(&g, 1e-5f, x, scale, shift, y, mean, inverse);
  CALL(group_backward)(&g, x, y, scale, mean, inverse, dx, d_scale, d_shift);
  CALL(group_forward)(&g, 1e-5f, x, NULL, NULL, y, mean, inverse);
  CALL(group_backward)(&g, x, y, NULL, mean, inverse, y, NULL, NULL);
  release();
}

static void all_groups(void) {
  static const size_t shapes[][2] = {{1, 1}, {6, 1}, {6, 2}, {6, 6}, {33, 11}, {64, 1}, {64, 2}, {96, 32},
                                     {130, 1}, {130, 2}, {130, 65}, {130, 130}, {192, 2}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    for (size_t positions = 1; positions < 80; positions = 3 * positions + 2) {
      groups(2, positions, shapes[i][0], shapes[i][1]);
      groups(67, 1, shapes[i][0], shapes[i][1]);
    }
}

static void responses(size_t rows, size_t channels, size_t size, float beta) {
  const struct ck_response r = {channels, size, 1e-2f, beta, 1};
  const size_t n = rows * channels;
  float *x = floats(n), *y = floats(n), *sums = floats(n), *dy = floats(n), *dx = floats(n);
  CALL(response_forward)(&r, rows, x, y, sums);
  CALL(response_backward)(&r, rows, x, y, sums, dy, dx);
  release();
}

static void all_responses(void) {
  static const size_t channels[] = {1, 2, 3, 17, 64, 96};
  for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
    for (size_t size = 1; size < 9; size++) {
      responses(3, channels[i], size, 0.75f);
      responses(3, channels[i], size, 0.5f);
    }
}

// A map whose runs have lengths of 0, 1, 2, ... as far as they fit; freed by the caller.
static struct ck_axis make_axis(size_t input, size_t output, ptrdiff_t *starts, ptrdiff_t *offsets, double *weights) {
  size_t count = 0;
  for (size_t i = 0; i < output; i++) {
    const size_t start = i % input, length = i % (input - start + 1);
    starts[i] = (ptrdiff_t)start;
    offsets[i] = (ptrdiff_t)count;
    for (size_t k = 0; k < length; k++) weights[count++] = 0.5;
  }
  offsets[output] = (ptrdiff_t)count;
  return (struct ck_axis){input, output, starts, offsets, weights};
}

static void resamplings(size_t input, size_t output, size_t channels) {
  ptrdiff_t *starts = malloc(output * sizeof *starts), *offsets = malloc((output + 1) * sizeof *offsets);
  double *weights = malloc(input * output * sizeof *weights);
  const struct ck_axis axis = make_axis(input, output, starts, offsets, weights);
  const struct ck_resampling map = {axis, axis, channels};
  CALL(resample)(&map, 2, floats(2 * input * input * channels), floats(2 * output * output * channels));
  free(starts);
  free(offsets);
  free(weights);
  release();
}

static void all_resamplings(void) {
  static const size_t channels[] = {1, 3, 64, 100};
  for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
    for (size_t input = 1; input < 20; input += 6)
      for (size_t output = 1; output < 20; output += 5) resamplings(input, output, channels[i]);
}

static ptrdiff_t outputs(ptrdiff_t input, ptrdiff_t pads, ptrdiff_t kernel, ptrdiff_t stride, ptrdiff_t dilation) {
  const ptrdiff_t room = input + pads - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

static size_t padded(size_t columns) { return (columns + 15) / 16 * 16; }

static void windows(const struct ck_window *w, size_t batch, size_t channels, size_t groups) {
  const size_t pixels = batch * (size_t)(w->output_height * w->output_width);
  const size_t inputs = batch * (size_t)(w->input_height * w->input_width) * channels;
  const size_t count = channels / groups, row = (size_t)(w->kernel_height * w->kernel_width) * count;
  float *x = floats(inputs), *y = floats(pixels * channels), *dx = floats(inputs);
  int32_t *indices = integers(pixels * channels);
  for (size_t first = 0; first < pixels; first += 7) {
    const size_t block = pixels - first < 7 ? pixels - first : 7;
    float *columns = floats(block * row), *packed = floats(block * padded(row));
    for (size_t group = 0; group < groups; group++) {
      const struct ck_channels c = {channels, group * count, count};
      CALL(pack_windows)(w, c, first, block, x, packed);
      CALL(gather)(w, c, first, block, x, columns);
      CALL(scatter)(w, c, first, block, columns, dx);
    }
    free(kept[--count_kept]);
    free(kept[--count_kept]);
  }
  CALL(max_forward)(w, channels, batch, x, y, indices);
  CALL(max_backward)(w, channels, batch, y, indices, dx);
  float *z = floats(pixels * channels), *several = floats(3 * pixels * channels);
  float *filters = floats(3 * (size_t)(w->kernel_height * w->kernel_width));
  for (float exponent = 1; exponent < 3; exponent += 0.5f) {
    CALL(power_forward)(w, channels, batch, exponent, x, y);
    CALL(power_backward)(w, channels, batch, exponent, x, y, z, dx);
  }
  CALL(filters_forward)(w, channels, 3, batch, filters, x, several);
  CALL(filters_backward)(w, channels, 3, batch, filters, several, dx);
  release();
}

static void products(size_t rows, size_t columns, size_t inner) {
  float *a = floats(rows * inner), *b = floats(inner * columns), *c = floats(rows * columns);
  float *packed = floats(inner * padded(columns));
  CALL(pack)(inner, columns, b, columns, 1, packed);
  CALL(product)(rows, columns, inner, a, 0, inner, packed, c, columns, 0, (struct ck_next){a, rows * inner, b, 3});
  CALL(pack)(inner, columns, b, 1, inner, packed);
  CALL(product)(rows, columns, inner, a, 1, rows, packed, c, columns, 1, (struct ck_next){0});
  release();
}

static void all_products(void) {
  static const size_t sizes[] = {1, 5, 6, 7, 13, 16, 50, 97, 150}, inners[] = {1, 17, 255, 300};
  for (size_t i = 0; i < 9; i++)
    for (size_t j = 0; j < 9; j++)
      for (size_t k = 0; k < 4; k++) products(sizes[i], sizes[j], inners[k]);
}

// The scratch of each algorithm is that of ConvolutionAlgorithm.swift.
static void winograds(
    ptrdiff_t size, ptrdiff_t pad, size_t inputs, size_t outputs, size_t tile, size_t tiles) {
  const ptrdiff_t out = size + 2 * pad - 2;
  if (out < 1) return;
  const struct ck_winograd there = {size, size + 1, out, out + 1, pad, pad, inputs, outputs, 2, tile, tiles, outputs};
  const struct ck_winograd back = {out, out + 1, size, size + 1, 2 - pad, 2 - pad, outputs, inputs, 2, tile, tiles, inputs};
  float *x = floats(2 * (size_t)(size * (size + 1)) * inputs), *y = floats(2 * (size_t)(out * (out + 1)) * outputs);
  float *weights = floats(9 * inputs * outputs), *bias = floats(outputs);
  float *scratch = floats((tile + 2) * (tile + 2) * (tiles * inputs + tiles * outputs + inputs * outputs + 48));
  CALL(winograd_convolve)(&there, 0, x, weights, bias, y, scratch);
  CALL(winograd_convolve)(&there, 0, x, weights, NULL, y, scratch);
  CALL(winograd_convolve)(&back, 1, y, weights, NULL, x, scratch);
  CALL(winograd_backward_weights)(&there, x, y, weights, scratch);
  release();
}

static void all_winograds(void) {
  for (ptrdiff_t size = 1; size < 11; size++)
    for (ptrdiff_t pad = 0; pad < 3; pad++) {
      for (size_t tile = 2; tile <= 4; tile += 2) {
        winograds(size, pad, 16, 32, tile, 5);
        winograds(size, pad, 48, 16, tile, 56);
      }
    }
}

// One axis of a phase of a stride: see StridePhase.swift.
struct phase {
  ptrdiff_t size, taps, last, pad;
};

static struct phase phase_of(ptrdiff_t index, ptrdiff_t input, ptrdiff_t kernel, ptrdiff_t stride, ptrdiff_t pad) {
  const ptrdiff_t lowest = (index + pad) % stride, taps = lowest < kernel ? (kernel - lowest + stride - 1) / stride : 0;
  return (struct phase){
      index < input ? (input - index + stride - 1) / stride : 0, taps, lowest + (taps - 1) * stride,
      taps ? taps - 1 - (index + pad) / stride : 0};
}

static size_t larger(ptrdiff_t a, ptrdiff_t b) { return (size_t)(a > b ? a : b); }

// The input gradient for one phase.
static void direct_phase(
    const struct ck_window *w, size_t batch, size_t inputs, size_t outputs, size_t rows,
    ptrdiff_t row, ptrdiff_t column) {
  const struct phase down = phase_of(row, w->input_height, w->kernel_height, w->stride_height, w->pad_top);
  const struct phase across = phase_of(column, w->input_width, w->kernel_width, w->stride_width, w->pad_left);
  if (down.size < 1 || across.size < 1 || down.pad < 0 || across.pad < 0) return;
  const size_t step = (size_t)w->stride_width * inputs, length = (size_t)w->input_width * inputs;
  const struct ck_direct d = {
      w->output_height, w->output_width, down.size, across.size, down.taps, across.taps, 1, 1, down.pad, across.pad,
      outputs, inputs, batch, rows, step, (size_t)w->stride_height * length, (size_t)w->input_height * length};
  const struct ck_taps taps = {
      down.taps, across.taps, down.last * w->kernel_width + across.last, -w->stride_height * w->kernel_width,
      -w->stride_width, (size_t)(w->kernel_height * w->kernel_width)};
  float *dy = floats(batch * (size_t)(w->output_height * w->output_width) * outputs);
  float *dx = floats(batch * (size_t)w->input_height * length), *weights = floats(taps.count * inputs * outputs);
  float *packed = floats((size_t)(down.taps * across.taps) * outputs * padded(inputs));
  const size_t height = larger((ptrdiff_t)rows - 1 + down.taps, 0), width = larger(across.size - 1 + across.taps, 0);
  float *band = floats(height * width * outputs + 32);
  CALL(direct_pack_backward)(inputs, outputs, &taps, weights, packed);
  CALL(direct_forward)(&d, dy, packed, NULL, dx + ((size_t)row * (size_t)w->input_width + (size_t)column) * inputs, band);
  release();
}

static void direct(
    const struct ck_window *w, size_t batch, size_t inputs, size_t outputs, size_t rows) {
  const size_t taps = (size_t)(w->kernel_height * w->kernel_width), length = (size_t)w->output_width * outputs;
  const struct ck_direct d = {
      w->input_height, w->input_width, w->output_height, w->output_width, w->kernel_height, w->kernel_width,
      w->stride_height, w->stride_width, w->pad_top, w->pad_left, inputs, outputs, batch, rows, outputs, length,
      (size_t)w->output_height * length};
  const size_t height = (rows - 1) * (size_t)w->stride_height + (size_t)w->kernel_height;
  const size_t width = (size_t)((w->output_width - 1) * w->stride_width + w->kernel_width);
  float *x = floats(batch * (size_t)(w->input_height * w->input_width) * inputs), *bias = floats(outputs);
  float *y = floats(batch * (size_t)w->output_height * length), *weights = floats(taps * inputs * outputs);
  float *band = floats(height * width * inputs + 32), *packed = floats(taps * inputs * padded(outputs));
  CALL(direct_pack)(inputs, outputs, taps, weights, packed);
  CALL(direct_forward)(&d, x, packed, bias, y, band);
  CALL(direct_forward)(&d, x, packed, NULL, y, band);
  CALL(direct_backward_weights)(&d, x, y, weights, band);
  release();
  for (ptrdiff_t row = 0; row < w->stride_height; row++)
    for (ptrdiff_t column = 0; column < w->stride_width; column++)
      direct_phase(w, batch, inputs, outputs, rows, row, column);
}

static void depthwise(const struct ck_window *w, size_t batch, size_t channels) {
  const size_t taps = (size_t)(w->kernel_height * w->kernel_width);
  float *x = floats(batch * (size_t)(w->input_height * w->input_width) * channels), *bias = floats(channels);
  float *y = floats(batch * (size_t)(w->output_height * w->output_width) * channels);
  float *weights = floats(taps * channels);
  CALL(depthwise_forward)(w, channels, batch, x, weights, bias, y);
  CALL(depthwise_forward)(w, channels, batch, x, weights, NULL, y);
  CALL(depthwise_backward_data)(w, channels, batch, y, weights, x);
  CALL(depthwise_backward_weights)(w, channels, batch, x, y, weights);
  release();
}

static void all_windows(void) {
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
    if (w.output_height < 1 || w.output_width < 1) continue;
    if (i % 5 == 0) depthwise(&w, 1 + i % 2, 13 * c);
    if (i % 3 == 0 && w.dilation_height == 1 && w.dilation_width == 1) direct(&w, 1 + i % 2, c, 5 + 3 * c, 1 + i / 2 % 3);
    windows(&w, 1 + i % 2, c, i / 1024 == 3 ? 3 : 1);
  }
}

static void peak(void) {
  float sum = 1;
  CALL(multiply_adds)(3, &sum);
}

int main(void) {
  static const size_t counts[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 63, 64, 65, 127, 1024, 1025};
  static const size_t widths[] = {1, 2, 3, 6, 16, 31, 33, 63, 64, 65, 100, 128, 130, 1024, 1030};
  for (ck_isa isa = CK_BASELINE; isa <= CK_AVX512; isa++) {
    if (!ck_select(isa)) {
      printf("sanitize: instruction set %d skipped, this CPU lacks it\n", (int)isa);
      continue;
    }
    table = ck_loops();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) elements(counts[i]);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) activations(counts[i]);
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
      for (size_t rows = 1; rows < 140; rows += rows < 8 ? 1 : 43) matrices(rows, widths[i]);
    all_windows();
    all_products();
    all_winograds();
    all_groups();
    all_responses();
    all_resamplings();
    peak();
    printf("sanitize: instruction set %d clean\n", (int)isa);
  }
  return 0;
}
