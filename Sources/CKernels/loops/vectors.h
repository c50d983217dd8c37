// Vector registers as C values. A file that includes the loops defines CK_VECTOR, the floats of a register, and CK_ROWS,
// the rows of the product's micro-kernel that the number of registers allows.

typedef float vector __attribute__((vector_size(CK_VECTOR * sizeof(float))));
typedef float loose_vector __attribute__((vector_size(CK_VECTOR * sizeof(float)), aligned(sizeof(float))));

// As many 32-bit integers; comparisons of vectors give -1 for true and 0 for false.
typedef int32_t integers __attribute__((vector_size(CK_VECTOR * sizeof(int32_t))));

CK_INLINE vector load(const float *x) { return *(const loose_vector *)x; }

CK_INLINE void store(float *y, vector v) { *(loose_vector *)y = v; }

// Less zero, since that changes no number, not even -0.
CK_INLINE vector broadcast(float x) { return x - (vector){0}; }
