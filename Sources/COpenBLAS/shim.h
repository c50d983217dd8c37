#pragma once
#include <cblas.h>

// OpenBLAS's own buffers for the operands of products: each call of a product takes one and gives it back, and OpenBLAS
// asks the system for a new one only if all are taken. Both functions are exported, but stand in no header; weak, for
// builds that do not export them.
extern void *blas_memory_alloc(int position) __attribute__((weak));
extern void blas_memory_free(void *buffer) __attribute__((weak));

// As many buffers as are taken in advance at most. OpenBLAS has room for two for each of the threads that it was built for,
// which are 64 in Debian's build, and prints a warning beyond; those of more threads come when they are needed.
enum { cob_most_buffers = 64 };

// Lets OpenBLAS hold at least `count` buffers. Exists because taking them all at once, which makes OpenBLAS
// allocate them, needs an array of addresses, and because a weak function that is missing cannot be asked for in Swift.
static inline void cob_hold_buffers(int count) {
  void *buffers[cob_most_buffers];
  if (!blas_memory_alloc || !blas_memory_free) return;
  if (count > cob_most_buffers) count = cob_most_buffers;
  for (int i = 0; i < count; i++) buffers[i] = blas_memory_alloc(0);
  for (int i = 0; i < count; i++) blas_memory_free(buffers[i]);
}
