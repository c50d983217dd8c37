// The choice of an instruction set.
#include "include/ckernels.h"
#include "tables.h"

#include <stdatomic.h>
#ifdef __linux__
#include <features.h>
#endif
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

// -1 until it is chosen or first asked for. Relaxed order is enough: every thread that finds it unset stores the same.
static _Atomic int chosen = -1;

ck_isa ck_detect(void) {
#ifdef __x86_64__
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return __builtin_cpu_supports("avx512f") ? CK_AVX512 : CK_AVX2;
#endif
  return CK_BASELINE;
}

_Bool ck_select(ck_isa isa) {
  if (isa > ck_detect()) return 0;
  atomic_store_explicit(&chosen, (int)isa, memory_order_relaxed);
  return 1;
}

ck_isa ck_selected(void) {
  int isa = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (isa < 0) {
    isa = (int)ck_detect();
    atomic_store_explicit(&chosen, isa, memory_order_relaxed);
  }
  return (ck_isa)isa;
}

const struct ck_table *ck_loops(void) {
#ifdef __x86_64__
  switch (ck_selected()) {
  case CK_AVX512: return &ck_table_avx512;
  case CK_AVX2: return &ck_table_avx2;
  case CK_BASELINE: break;
  }
#endif
  return &ck_table_baseline;
}

const char *ck_glibc_version(void) {
#ifdef __GLIBC__
  return gnu_get_libc_version();
#else
  return "";
#endif
}
