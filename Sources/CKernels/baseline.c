// The loops for every CPU of the architecture; on x86-64 this means SSE2.
#include "loops/includes.h"
#include "tables.h"

#define CK_TABLE ck_table_baseline
#define CK_VECTOR 4
#define CK_ROWS 6
#define CK_TALL 12
#include "loops/all.h"
