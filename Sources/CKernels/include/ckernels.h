#pragma once
/// The inner loops of the kernels, compiled once for each instruction set.
///
/// The loops check nothing: the callers in Swift state and check every count. Tensors are NHWC, fp32. Input and output
/// of a loop are either the same memory from the first element on, or do not overlap. What a loop computes for one
/// element or one channel does not depend on where the operands lie in memory nor on how the work is cut.

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// The instruction sets that the loops are compiled for, in ascending order.
typedef enum __attribute__((enum_extensibility(closed))) ck_isa : int32_t {
  CK_BASELINE __attribute__((swift_name("baseline"))) = 0,
  CK_AVX2 __attribute__((swift_name("avx2"))) = 1,
  CK_AVX512 __attribute__((swift_name("avx512"))) = 2,
} ck_isa;

/// A sliding window. Padding at the bottom and on the right is contained in the output's size.
struct ck_window {
  ptrdiff_t input_height, input_width;
  ptrdiff_t output_height, output_width;
  ptrdiff_t kernel_height, kernel_width;
  ptrdiff_t stride_height, stride_width;
  ptrdiff_t pad_top, pad_left;
  ptrdiff_t dilation_height, dilation_width;
};

/// The channels of a tensor that one group of a convolution sees: `count` of `total`, from `first` on.
struct ck_channels {
  size_t total, first, count;
};

/// A linear map along one axis: output position i is the sum of weights[offsets[i] ..< offsets[i + 1]] times the input
/// positions from starts[i] on.
struct ck_axis {
  size_t input, output;
  const ptrdiff_t *starts, *offsets;
  const double *weights;
};

/// A map of images: one along each axis.
struct ck_resampling {
  struct ck_axis rows, columns;
  size_t channels;
};

/// Which numbers share a mean: within a block of [position][channel], those of each of `groups` runs of channels.
struct ck_groups {
  size_t blocks, positions, channels, groups;
};

/// Local response normalization over `size` neighbouring channels.
struct ck_response {
  size_t channels, size;
  float alpha, beta, k;
};

/// A convolution of 3×3 kernels with stride 1 between `inputs` and `outputs` channels, both multiples of 16; the side of a tile
/// of outputs, 2 or 4; how many tiles are worked on at a time, and for how many of the outputs (`group`, which divides them)
/// the filters are held at a time.
struct ck_winograd {
  ptrdiff_t input_height, input_width;
  ptrdiff_t output_height, output_width;
  ptrdiff_t pad_top, pad_left;
  size_t inputs, outputs;
  size_t batch, tile, tiles, group;
};

/// A convolution of one group without dilation, and how many rows of outputs are worked on at a time. The outputs may lie
/// apart: neighbours by `output_step` floats, rows by `output_row` and samples by `output_sample`.
struct ck_direct {
  ptrdiff_t input_height, input_width;
  ptrdiff_t output_height, output_width;
  ptrdiff_t kernel_height, kernel_width;
  ptrdiff_t stride_height, stride_width;
  ptrdiff_t pad_top, pad_left;
  size_t inputs, outputs;
  size_t batch, rows;
  size_t output_step, output_row, output_sample;
};

/// Some of a kernel's taps as a kernel of `height` × `width`: tap (i, j) of it is tap `first` + i · `down` + j · `across` of
/// the `count` that there are.
struct ck_taps {
  ptrdiff_t height, width;
  ptrdiff_t first, down, across;
  size_t count;
};

/// Two stretches of memory that will be read soon, as many floats from each pointer on; none where the count is zero.
struct ck_soon {
  const float *_Nullable first;
  size_t first_count;
  const float *_Nullable second;
  size_t second_count;
};

/// What a tensor looks like at a glance; the numbers are taken over its finite elements.
struct ck_summary {
  double minimum, maximum, mean, deviation;
  size_t not_finite;
};

/// What one step of Adam multiplies with; see Sources/Kernels/Optimizer.
struct ck_adam {
  /// The rate, or for a direction the scale of the first moment.
  float rate;
  /// What is left of a weight by decoupled decay; 1 without.
  float shrink;
  /// The part of a weight that is added: to the gradient, or to the direction.
  float penalty;
  /// The part of the newest gradient in the first moment, 1 - beta1.
  float fresh1;
  /// The part of the second moment that is kept.
  float beta2;
  /// The part of the newest squared gradient in the second moment, 1 - beta2.
  float fresh2;
  /// What the root of the second moment is multiplied by, which corrects its bias.
  float root_scale;
  /// What is added to the root.
  float epsilon;
};

/// One compilation of all loops.
struct ck_table {
  // Elements: i in 0 ..< n.

  /// y = a + b
  void (*add)(size_t n, const float *a, const float *b, float *y);
  /// y = a · b
  void (*multiply)(size_t n, const float *a, const float *b, float *y);
  /// d = d + x
  void (*accumulate)(size_t n, const float *x, float *d);
  /// d = value
  void (*fill)(size_t n, float value, float *d);
  /// average = (1 - rate) · average + rate · (factor · observation)
  void (*average)(size_t n, float rate, float factor, const float *observation, float *average);
  /// w = w - rate · (g + decay · w)
  void (*sgd)(size_t n, float rate, float decay, const float *g, float *w);
  /// v = momentum · v + g + decay · w; w = w - rate · v
  void (*sgd_momentum)(size_t n, float rate, float momentum, float decay, const float *g, float *v, float *w);
  /// v as above; w = w - rate · (g + decay · w + momentum · v)
  void (*sgd_nesterov)(size_t n, float rate, float momentum, float decay, const float *g, float *v, float *w);
  /// v = momentum · v + fresh · (g + decay · w); w = w - rate · v
  void (*sgd_dampened)(
      size_t n, float rate, float momentum, float fresh, float decay, const float *g, float *v, float *w);
  /// m, v: moving averages of g' = g + penalty · w and of its square; w = shrink · w - rate · m / (√v · root_scale + ε)
  void (*adam)(size_t n, const struct ck_adam *c, const float *g, float *m, float *v, float *w);
  /// m, v: moving averages of g and of its square; g = rate · m / (√v · root_scale + ε) + penalty · w
  void (*adam_direction)(size_t n, const struct ck_adam *c, float *g, float *m, float *v, const float *w);
  /// s = keep · s + fresh · (g + decay · w)²; g = (g + decay · w) / (√s + ε)
  void (*rms_direction)(
      size_t n, float keep, float fresh, float epsilon, float decay, float *g, float *s, const float *w);
  /// As above with the moving average of g + decay · w, whose square is taken off s.
  void (*rms_centered_direction)(
      size_t n, float keep, float fresh, float epsilon, float decay, float *g, float *s, float *mean, const float *w);
  /// s = s + (g + decay · w)²; g = (g + decay · w) / (√s + ε)
  void (*adagrad_direction)(size_t n, float epsilon, float decay, float *g, float *s, const float *w);
  /// d = factor · d
  void (*rescale)(size_t n, float factor, float *d);
  /// d = d, but at most limit and at least -limit
  void (*clamp)(size_t n, float limit, float *d);

  // Activations: i in 0 ..< n. NaN stays NaN.

  /// y = max(x, 0)
  void (*relu_forward)(size_t n, const float *x, float *y);
  /// dx = dy where y > 0, else 0.
  void (*relu_backward)(size_t n, const float *y, const float *dy, float *dx);
  /// y = min(max(x, 0), 6)
  void (*relu6_forward)(size_t n, const float *x, float *y);
  /// dx = dy where 0 < y < 6, else 0.
  void (*relu6_backward)(size_t n, const float *y, const float *dy, float *dx);
  /// y = x where x > 0, else slope · x.
  void (*leaky_relu_forward)(size_t n, float slope, const float *x, float *y);
  /// dx = dy where y > 0, else slope · dy.
  void (*leaky_relu_backward)(size_t n, float slope, const float *y, const float *dy, float *dx);
  /// dx = dy where y > 0, else dy · (y + alpha).
  void (*elu_backward)(size_t n, float alpha, const float *y, const float *dy, float *dx);
  /// dx = dy · y · (1 - y)
  void (*sigmoid_backward)(size_t n, const float *y, const float *dy, float *dx);
  /// dx = dy · (1 - y²)
  void (*tanh_backward)(size_t n, const float *y, const float *dy, float *dx);
  /// y = min(max(x + 3, 0), 6) / 6
  void (*hard_sigmoid_forward)(size_t n, const float *x, float *y);
  /// dx = dy / 6 where 0 < y < 1, else 0.
  void (*hard_sigmoid_backward)(size_t n, const float *y, const float *dy, float *dx);
  /// y = x · min(max(x + 3, 0), 6) / 6
  void (*hard_swish_forward)(size_t n, const float *x, float *y);
  /// dx = 0 where x < -3, dy where x > 3, else dy · (x/3 + 1/2).
  void (*hard_swish_backward)(size_t n, const float *x, const float *dy, float *dx);

  // Matrices in row-major order.

  /// Copies `rows` rows of `columns` elements between matrices of the given row strides.
  void (*copy_rows)(size_t rows, size_t columns, const float *x, size_t x_stride, float *y, size_t y_stride);
  /// y[column][row] = x[row][column]
  void (*transpose)(size_t rows, size_t columns, const float *x, float *y);
  /// Adds `row` to each row of y.
  void (*add_row)(size_t rows, size_t columns, const float *row, float *y);
  /// Each row of y = factor · row.
  void (*spread_row)(size_t rows, size_t columns, float factor, const float *row, float *y);
  /// sums[c] = factor · Σ over rows of x[row][c], accurate as if summed in double precision.
  void (*column_sums)(size_t rows, size_t columns, double factor, const float *x, float *sums);
  /// sums[c] = Σ over rows of a[row][c] · b[row][c], as accurate.
  void (*column_products)(size_t rows, size_t columns, const float *a, const float *b, float *sums);
  /// Each row of y = the row of x times `row`.
  void (*multiply_row)(size_t rows, size_t columns, const float *x, const float *row, float *y);

  // Matrix products.

  /// Packs a matrix [inner][columns], whose number (k, column) lies at k · step + column · stride, for `product`. Takes
  /// inner · columns floats, the columns rounded up to a multiple of 16.
  void (*pack)(size_t inner, size_t columns, const float *x, size_t step, size_t stride, float *packed);
  /// c[rows][columns] = a · b, or += if `adding`. a is [rows][inner] with its rows a_distance apart, or, `in_columns`,
  /// [inner][rows] with its terms so far apart; b is packed; the rows of c are c_row apart. Each sum runs over the terms in
  /// ascending order, at most 256 at a time. What is read soon is fetched meanwhile.
  void (*product)(
      size_t rows, size_t columns, size_t inner, const float *a, int in_columns, size_t a_distance, const float *packed,
      float *c, size_t c_row, int adding, struct ck_soon soon);

  // Convolution without columns. The scratch is that of `ConvolutionAlgorithm`.

  /// Packs weights [output][tap][input] for `direct_forward`.
  void (*direct_pack)(size_t inputs, size_t outputs, size_t taps, const float *weights, float *packed);
  /// Packs those of some taps for the way from dy to dx.
  void (*direct_pack_backward)(
      size_t inputs, size_t outputs, const struct ck_taps *taps, const float *weights, float *packed);
  /// y = x ∗ weights + bias, which may be null.
  void (*direct_forward)(
      const struct ck_direct *d, const float *x, const float *packed, const float *_Nullable bias, float *y,
      float *band);
  /// The gradient of the weights, [output][tap][input].
  void (*direct_backward_weights)(
      const struct ck_direct *d, const float *x, const float *dy, float *d_weights, float *band);

  // Winograd's convolution. The scratch is that of `ConvolutionAlgorithm`.

  /// y = x ∗ weights + bias, which may be null, with weights [output][tap][input]. With `backward` w describes the way
  /// from dy to dx, and the weights are [input][tap][output] of that way.
  void (*winograd_convolve)(
      const struct ck_winograd *w, int backward, const float *x, const float *weights, const float *_Nullable bias,
      float *y, float *scratch);
  /// The gradient of the weights, [output][tap][input].
  void (*winograd_backward_weights)(
      const struct ck_winograd *w, const float *x, const float *dy, float *d_weights, float *scratch);

  // Batch normalization of [row][channel]. A residual (which may be null) is added to the result, and with `relu` the
  // larger of that and zero is taken.

  void (*normalize_training)(
      size_t rows, size_t channels, float epsilon, const float *x, const float *scale, const float *shift,
      const float *_Nullable residual, int relu, float *y, float *mean, float *inverse_deviation, float *variance);
  /// Behind a ReLU dy counts only where the result is above zero. The result is y; or, if that is null and shift is not, it
  /// is computed again from x, which needs no residual. d_residual (which may be null, and needs y) receives what of dy
  /// counts.
  void (*normalize_backward)(
      size_t rows, size_t channels, const float *x, const float *_Nullable y, const float *dy, const float *scale,
      const float *_Nullable shift, const float *mean, const float *inverse_deviation, float *dx,
      float *_Nullable d_residual, float *d_scale, float *d_shift);
  void (*normalize_evaluation)(
      size_t rows, size_t channels, float epsilon, const float *x, const float *scale, const float *shift,
      const float *mean, const float *variance, const float *_Nullable residual, int relu, float *y);

  // Normalization over groups of channels. mean and inverse_deviation are [block][group]; scale and shift, and their
  // gradients, are one number for each channel or null.

  void (*group_forward)(
      const struct ck_groups *groups, float epsilon, const float *x, const float *_Nullable scale,
      const float *_Nullable shift, float *y, float *mean, float *inverse_deviation);
  void (*group_backward)(
      const struct ck_groups *groups, const float *x, const float *dy, const float *_Nullable scale, const float *mean,
      const float *inverse_deviation, float *dx, float *_Nullable d_scale, float *_Nullable d_shift);

  // Local response normalization of [row][channel].

  /// sums = k + alpha/size · Σ x² over the neighbours; y = x · sums^-beta.
  void (*response_forward)(const struct ck_response *response, size_t rows, const float *x, float *y, float *sums);
  /// dx is no other operand.
  void (*response_backward)(
      const struct ck_response *response, size_t rows, const float *x, const float *y, const float *sums,
      const float *dy, float *dx);

  // Windows. A pixel is a flattened (sample, row, column) of the output.

  /// The window of each of `pixels` pixels, from `pixel` on, as one row of `columns`: [kernel row][kernel column]
  /// [channel of the group]; padding is zero.
  void (*gather)(
      const struct ck_window *window, struct ck_channels channels, size_t pixel, size_t pixels, const float *x,
      float *columns);
  /// The same, packed as `pack` leaves them: the windows are the rows of a matrix [pixel][column].
  void (*pack_windows)(
      const struct ck_window *window, struct ck_channels channels, size_t pixel, size_t pixels, const float *x,
      float *packed);
  /// The transpose of `gather`: adds the rows to the places in dx that they were taken from.
  void (*scatter)(
      const struct ck_window *window, struct ck_channels channels, size_t pixel, size_t pixels, const float *columns,
      float *dx);
  void (*max_forward)(
      const struct ck_window *window, size_t channels, size_t batch, const float *x, float *y, int32_t *indices);
  void (*max_backward)(
      const struct ck_window *window, size_t channels, size_t batch, const float *dy, const int32_t *indices,
      float *dx);
  /// y = (Σ |x|^exponent)^(1/exponent)
  void (*power_forward)(
      const struct ck_window *window, size_t channels, size_t batch, float exponent, const float *x, float *y);
  void (*power_backward)(
      const struct ck_window *window, size_t channels, size_t batch, float exponent, const float *x, const float *y,
      const float *dy, float *dx);
  /// Filters of [filter][kernel row][kernel column] over each channel alone; output channel c · filters + f.
  void (*filters_forward)(
      const struct ck_window *window, size_t channels, size_t filters, size_t batch, const float *weights,
      const float *x, float *y);
  void (*filters_backward)(
      const struct ck_window *window, size_t channels, size_t filters, size_t batch, const float *weights,
      const float *dy, float *dx);

  // Fixed separable maps.

  /// y[i][j] = Σ rows[i][u] · columns[j][v] · x[u][v] for each channel.
  void (*resample)(const struct ck_resampling *map, size_t batch, const float *x, float *y);

  // Depthwise convolution with taps[tap][channel]; the bias may be null.

  void (*depthwise_forward)(
      const struct ck_window *window, size_t channels, size_t batch, const float *x, const float *taps,
      const float *_Nullable bias, float *y);
  void (*depthwise_backward_data)(
      const struct ck_window *window, size_t channels, size_t batch, const float *dy, const float *taps, float *dx);
  void (*depthwise_backward_weights)(
      const struct ck_window *window, size_t channels, size_t batch, const float *x, const float *dy, float *d_taps);

  // Random numbers.

  /// mask[i] = kept where the uniform number of word i of the Philox stream is at least `rate`, else 0.
  /// `counter` holds the counter's last three words; the first is the block's index i / 4.
  void (*dropout_mask)(
      size_t n, const uint32_t key[_Nonnull 2], const uint32_t counter[_Nonnull 3], float rate, float kept,
      float *mask);

  // Observation.

  struct ck_summary (*summary)(size_t n, const float *x);
  /// Σ x² in double precision, the same bits on every instruction set.
  double (*sum_of_squares)(size_t n, const float *x);

  // The yardstick of benchmarks.

  /// Fused multiply-adds between registers alone, so many rounds of them, from numbers at `*sum` on; returns how many
  /// there were. What they come to takes the place of `*sum`.
  size_t (*multiply_adds)(size_t rounds, float *sum);
};

/// The best instruction set of this CPU.
ck_isa ck_detect(void);

/// Chooses the loops of `isa` for the whole process; false if the CPU lacks it.
_Bool ck_select(ck_isa isa);

/// The chosen instruction set; the best of the CPU if none was chosen.
ck_isa ck_selected(void);

/// The chosen loops.
const struct ck_table *ck_loops(void);

/// The version of glibc, where `exp`, `tanh` and `erf` come from; empty with another C library.
const char *ck_glibc_version(void);

#pragma clang assume_nonnull end
