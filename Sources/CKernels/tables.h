// The compilations of the loops; those of an instruction set exist only where the architecture has it.
#pragma once
#include "include/ckernels.h"

extern const struct ck_table ck_table_baseline, ck_table_avx2, ck_table_avx512;
