// The source of all loops. It is included by one file for each instruction set, which defines CK_TABLE, the name of
// the table to export, CK_VECTOR, the floats of a register, CK_ROWS and CK_TALL, the rows of a product that the
// registers hold, and has set the target attribute.

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
#include "normalization_backward.h"
#include "windows.h"
#include "pooling.h"
#include "resampling.h"
#include "filters.h"
#include "groups.h"
#include "groups_backward.h"
#include "local_response.h"
#include "depthwise.h"
#include "random.h"
#include "statistics.h"
#include "peak.h"

const struct ck_table CK_TABLE = {
#define CK_LOOP(result, name, parameters) .name = name,
#include "../loops.def"
#undef CK_LOOP
};
