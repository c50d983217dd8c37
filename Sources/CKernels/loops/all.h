// The source of all loops. It is included by one file for each instruction set, which defines CK_TABLE, the name of
// the table to export, and has set the target attribute.

// Fused multiply-add where one expression asks for it, and nowhere else: the front end then decides what is fused, so
// the vector part and the rest of a loop agree to the bit. Sums are never reassociated.
#pragma clang fp contract(on)

// For a loop whose input and output may be the same memory, but never partly overlap.
#define CK_ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")

#define CK_INLINE static inline __attribute__((always_inline))

#include "elements.h"
#include "matrices.h"
#include "chunks.h"
#include "normalization.h"
#include "windows.h"
#include "pooling.h"
#include "random.h"
#include "statistics.h"

const struct ck_table CK_TABLE = {
    .add = add,
    .multiply = multiply,
    .accumulate = accumulate,
    .scale = scale_elements,
    .fill = fill,
    .relu_forward = relu_forward,
    .relu_backward = relu_backward,
    .sigmoid_backward = sigmoid_backward,
    .tanh_backward = tanh_backward,
    .average = average,
    .sgd = sgd,
    .sgd_momentum = sgd_momentum,
    .sgd_nesterov = sgd_nesterov,
    .copy_rows = copy_rows,
    .transpose = transpose,
    .add_row = add_row,
    .spread_row = spread_row,
    .column_sums = column_sums,
    .normalize_training = normalize_training,
    .normalize_backward = normalize_backward,
    .normalize_evaluation = normalize_evaluation,
    .gather = gather,
    .scatter = scatter,
    .max_forward = max_forward,
    .max_backward = max_backward,
    .average_forward = average_forward,
    .average_backward = average_backward,
    .dropout_mask = dropout_mask,
    .first_not_finite = first_not_finite,
    .summary = summary,
};
