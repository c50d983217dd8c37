// The loops for every CPU of the architecture; on x86-64 this means SSE2.
#include "loops/includes.h"
#include "tables.h"

#define CK_TABLE ck_table_baseline
#include "loops/all.h"
