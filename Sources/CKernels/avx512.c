// The loops for CPUs with AVX-512 (x86-64-v4: Skylake-X, Zen 4 and later).
#include "loops/includes.h"
#include "tables.h"

#ifdef __x86_64__
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)
#define CK_TABLE ck_table_avx512
#define CK_VECTOR 16
#define CK_ROWS 12
#define CK_TALL 12
#include "loops/all.h"
#pragma clang attribute pop
#endif
