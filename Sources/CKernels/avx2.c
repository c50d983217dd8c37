// The loops for CPUs with AVX2 and fused multiply-add (x86-64-v3: Haswell, Zen and later).
#include "loops/includes.h"
#include "tables.h"

#ifdef __x86_64__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define CK_TABLE ck_table_avx2
#define CK_VECTOR 8
#define CK_ROWS 6
#define CK_TALL 12
#include "loops/all.h"
#pragma clang attribute pop
#endif
