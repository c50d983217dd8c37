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

/// Which values share a mean: within a block of [position][channel], those of each of `groups` runs of channels.
struct ck_groups {
  size_t blocks, positions, channels, groups;
};

/// Local response normalization over `size` neighbouring channels.
struct ck_response {
  size_t channels, size;
  float alpha, beta, k;
};

/// A convolution of 3×3 kernels with stride 1 between `inputs` and `outputs` channels, both multiples of 16; the side
/// of a tile of outputs, 2 or 4; how many tiles are worked on at a time, and for how many of the outputs (`group`,
/// which divides them) the filters are held at a time.
struct ck_winograd {
  ptrdiff_t input_height, input_width;
  ptrdiff_t output_height, output_width;
  ptrdiff_t pad_top, pad_left;
  size_t inputs, outputs;
  size_t batch, tile, tiles, group;
};

/// A convolution of one group without dilation, and how many rows of outputs are worked on at a time. The outputs may
/// lie apart: neighbours by `output_step` floats, rows by `output_row` and samples by `output_sample`.
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

/// Some of a kernel's taps as a kernel of `height` × `width`: tap (i, j) of it is tap `first` + i · `down` + j ·
/// `across` of the `count` that there are.
struct ck_taps {
  ptrdiff_t height, width;
  ptrdiff_t first, down, across;
  size_t count;
};

/// Two stretches of memory that will be read next, as many floats from each pointer on; none where the count is zero.
struct ck_next {
  const float *_Nullable first;
  size_t first_count;
  const float *_Nullable second;
  size_t second_count;
};

/// What a tensor looks like at a glance; they are taken over its finite elements.
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

#pragma clang assume_nonnull end

/// One compilation of all loops; see loops.def.
struct ck_table {
#define CK_LOOP(result, name, parameters) result (*_Nonnull name) parameters;
#include "../loops.def"
#undef CK_LOOP
};

#pragma clang assume_nonnull begin

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
