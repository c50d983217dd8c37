// The source of all loops. It is included by one file for each instruction set, which defines CK_TABLE, the name of
// the table to export, CK_VECTOR, the floats of a register, CK_ROWS and CK_TALL, the rows of a product that the registers hold, and
// has set the target attribute.

// Fused multiply-add where one expression asks for it, and nowhere else: the front end then decides what is fused, so
// the vector part and the rest of a loop agree to the bit. Sums are never reassociated.
#pragma clang fp contract(on)

// For a loop whose input and output may be the same memory, but never partly overlap.
#define CK_ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")

#define CK_INLINE static inline __attribute__((always_inline))
#define CK_NOINLINE __attribute__((noinline))

#include "elements.h"
#include "optimizers.h"
#include "activations.h"
#include "matrices.h"
#include "chunks.h"
#include "vectors.h"
#include "tiles.h"
#include "packing.h"
#include "product.h"
#include "winograd.h"
#include "direct.h"
#include "normalization.h"
#include "windows.h"
#include "pooling.h"
#include "resampling.h"
#include "filters.h"
#include "groups.h"
#include "response.h"
#include "depthwise.h"
#include "random.h"
#include "statistics.h"
#include "peak.h"

const struct ck_table CK_TABLE = {
    .add = add,
    .multiply = multiply,
    .accumulate = accumulate,
    .fill = fill,
    .average = average,
    .sgd = sgd,
    .sgd_momentum = sgd_momentum,
    .sgd_nesterov = sgd_nesterov,
    .sgd_dampened = sgd_dampened,
    .adam = adam,
    .adam_direction = adam_direction,
    .rms_direction = rms_direction,
    .rms_centered_direction = rms_centered_direction,
    .adagrad_direction = adagrad_direction,
    .rescale = rescale,
    .clamp = clamp_elements,
    .relu_forward = relu_forward,
    .relu_backward = relu_backward,
    .relu6_forward = relu6_forward,
    .relu6_backward = relu6_backward,
    .leaky_relu_forward = leaky_relu_forward,
    .leaky_relu_backward = leaky_relu_backward,
    .elu_backward = elu_backward,
    .sigmoid_backward = sigmoid_backward,
    .tanh_backward = tanh_backward,
    .hard_sigmoid_forward = hard_sigmoid_forward,
    .hard_sigmoid_backward = hard_sigmoid_backward,
    .hard_swish_forward = hard_swish_forward,
    .hard_swish_backward = hard_swish_backward,
    .copy_rows = copy_rows,
    .transpose = transpose,
    .add_row = add_row,
    .spread_row = spread_row,
    .column_sums = column_sums,
    .column_products = column_products,
    .multiply_row = multiply_row,
    .pack = pack,
    .product = product,
    .direct_pack = direct_pack,
    .direct_pack_backward = direct_pack_backward,
    .direct_forward = direct_forward,
    .direct_backward_weights = direct_backward_weights,
    .winograd_convolve = winograd_convolve,
    .winograd_backward_weights = winograd_backward_weights,
    .normalize_training = normalize_training,
    .normalize_backward = normalize_backward,
    .normalize_evaluation = normalize_evaluation,
    .group_forward = group_forward,
    .group_backward = group_backward,
    .response_forward = response_forward,
    .response_backward = response_backward,
    .gather = gather,
    .pack_windows = pack_windows,
    .scatter = scatter,
    .max_forward = max_forward,
    .max_backward = max_backward,
    .power_forward = power_forward,
    .power_backward = power_backward,
    .filters_forward = filters_forward,
    .filters_backward = filters_backward,
    .resample = resample,
    .depthwise_forward = depthwise_forward,
    .depthwise_backward_data = depthwise_backward_data,
    .depthwise_backward_weights = depthwise_backward_weights,
    .dropout_mask = dropout_mask,
    .summary = summary,
    .sum_of_squares = sum_of_squares,
    .multiply_adds = multiply_adds,
};
