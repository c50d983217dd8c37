// Sums over the rows of [row][channel], by chunks of channels.
//
// A chunk is at most WIDE channels wide, so that memory is read in long runs while the sums of all its channels stay in
// the first-level cache. A tensor with fewer than LANES channels is read as a narrower matrix of wide rows: `fold` rows
// lie side by side in one, so that the vector units are filled whatever the number of channels. Blocks of BLOCK wide
// rows are summed in float, lane by lane, and the blocks in double; at the end the lanes of a channel are added. LANES
// is the same for every instruction set, and so is the order of the sums; it does not depend on the width of the chunk.

enum { LANES = 64, BLOCK = 64, WIDE = 1024 };

struct chunk {
  size_t first;    // the first channel of the chunk
  size_t channels; // the number of channels in the chunk
  size_t fold;     // how many rows lie side by side in a wide row
  size_t lanes;    // fold * channels, at most LANES where fold is above one
  size_t stride;   // from one wide row to the next
  size_t rows;     // the number of whole wide rows
  size_t rest;     // the lanes of the last, incomplete wide row
};

// A chunk of `count` <= WIDE channels; fewer than LANES channels in all are one chunk.
CK_INLINE struct chunk chunk_of(size_t rows, size_t channels, size_t first, size_t count) {
  const size_t fold = channels < LANES ? LANES / channels : 1;
  return (struct chunk){
      .first = first,
      .channels = count,
      .fold = fold,
      .lanes = fold * count,
      .stride = fold * channels,
      .rows = rows / fold,
      .rest = rows % fold * count,
  };
}

// The widest chunk from `first` on.
CK_INLINE struct chunk make_chunk(size_t rows, size_t channels, size_t first) {
  return chunk_of(rows, channels, first, channels - first < WIDE ? channels - first : WIDE);
}

// One value per channel, laid out for the lanes of the chunk.
CK_INLINE void spread(const struct chunk *c, const float *restrict values, float *restrict lanes) {
  for (size_t i = 0; i < c->fold; i++) copy_run(c->channels, values, lanes + i * c->channels);
}

// The sum of a channel's lanes.
CK_INLINE double fold_lanes(const struct chunk *c, const double *lanes, size_t channel) {
  double sum = 0;
  for (size_t i = 0; i < c->fold; i++) sum += lanes[i * c->channels + channel];
  return sum;
}

// Calls block(rows, lanes, offset) for each block of the chunk, and once more for its incomplete wide row. The number
// of lanes is a constant wherever it can be, so that the accumulators live in registers.
#define FOR_EACH_BLOCK(c, block, ...)                                                          \
  do {                                                                                         \
    for (size_t row = 0; row < (c)->rows; row += BLOCK) {                                      \
      const size_t rows = (c)->rows - row < BLOCK ? (c)->rows - row : BLOCK;                   \
      const size_t offset = (c)->first + row * (c)->stride;                                    \
      if ((c)->lanes == LANES)                                                                 \
        block(rows, LANES, (c)->stride, offset, __VA_ARGS__);                                  \
      else                                                                                     \
        block(rows, (c)->lanes, (c)->stride, offset, __VA_ARGS__);                             \
    }                                                                                          \
    if ((c)->rest > 0)                                                                         \
      block(1, (c)->rest, (c)->stride, (c)->first + (c)->rows * (c)->stride, __VA_ARGS__);     \
  } while (0)

CK_INLINE void clear(size_t lanes, float *restrict sums) {
  for (size_t i = 0; i < lanes; i++) sums[i] = 0;
}

// totals[lane] += Σ x
CK_INLINE void sum_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const float *restrict x, double *restrict totals) {
  float sums[WIDE];
  clear(lanes, sums);
  for (size_t row = 0; row < rows; row++)
    for (size_t i = 0; i < lanes; i++) sums[i] += x[offset + row * stride + i];
  for (size_t i = 0; i < lanes; i++) totals[i] += (double)sums[i];
}

// sums[column] = factor · what `block` adds up over the rows.
#define SUM_COLUMNS(rows, columns, factor, sums, block, ...)                                        \
  for (size_t first = 0; first < (columns); first += WIDE) {                                        \
    const struct chunk c = make_chunk(rows, columns, first);                                        \
    double totals[WIDE] = {0};                                                                      \
    FOR_EACH_BLOCK(&c, block, __VA_ARGS__, totals);                                                 \
    for (size_t i = 0; i < c.channels; i++)                                                         \
      (sums)[first + i] = (float)((factor) * fold_lanes(&c, totals, i));                            \
  }

static void column_sums(size_t rows, size_t columns, double factor, const float *restrict x, float *restrict sums) {
  SUM_COLUMNS(rows, columns, factor, sums, sum_block, x)
}

// totals[lane] += Σ a · b, with `negative` only where a is not above 0.
CK_INLINE void product_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const int negative, const float *restrict a,
    const float *restrict b, double *restrict totals) {
  float sums[WIDE];
  clear(lanes, sums);
  for (size_t row = 0; row < rows; row++)
    for (size_t i = 0; i < lanes; i++) {
      const size_t at = offset + row * stride + i;
      sums[i] += (negative && a[at] > 0 ? 0 : a[at]) * b[at];
    }
  for (size_t i = 0; i < lanes; i++) totals[i] += (double)sums[i];
}

static void column_products(
    size_t rows, size_t columns, const float *restrict a, const float *restrict b, float *restrict sums) {
  SUM_COLUMNS(rows, columns, 1, sums, product_block, 0, a, b)
}

static void prelu_slopes(
    size_t rows, size_t columns, const float *restrict x, const float *restrict dy, float *restrict slopes) {
  SUM_COLUMNS(rows, columns, 1, slopes, product_block, 1, x, dy)
}

// y = x · factor
CK_INLINE void factor_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const float *x, const float *restrict factor, float *y) {
  for (size_t row = 0; row < rows; row++)
    CK_ELEMENTWISE
    for (size_t i = 0; i < lanes; i++) y[offset + row * stride + i] = x[offset + row * stride + i] * factor[i];
}

static void multiply_row(size_t rows, size_t columns, const float *x, const float *row, float *y) {
  for (size_t first = 0; first < columns; first += WIDE) {
    const struct chunk c = make_chunk(rows, columns, first);
    float factors[WIDE];
    spread(&c, row + first, factors);
    FOR_EACH_BLOCK(&c, factor_block, x, factors, y);
  }
}

// y = x where x > 0, else x · slope. Written so that NaN stays NaN.
CK_INLINE void rectified_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const float *x, const float *dy,
    const float *restrict slopes, float *y) {
  for (size_t row = 0; row < rows; row++)
    CK_ELEMENTWISE
    for (size_t i = 0; i < lanes; i++) {
      const size_t at = offset + row * stride + i;
      y[at] = x[at] > 0 ? dy[at] : slopes[i] * dy[at];
    }
}

// Both ways: forward `dy` is x itself.
static void prelu_backward(
    size_t rows, size_t columns, const float *x, const float *dy, const float *slopes, float *dx) {
  for (size_t first = 0; first < columns; first += WIDE) {
    const struct chunk c = make_chunk(rows, columns, first);
    float spread_slopes[WIDE];
    spread(&c, slopes + first, spread_slopes);
    FOR_EACH_BLOCK(&c, rectified_block, x, dy, spread_slopes, dx);
  }
}

static void prelu_forward(size_t rows, size_t columns, const float *x, const float *slopes, float *y) {
  prelu_backward(rows, columns, x, x, slopes, y);
}

// Sums over a plain run of floats are kept apart in so many lanes, so that they are vectors with a fixed order.
enum { COUNTERS = 16 };

CK_INLINE double sum_counters(const double *counters) {
  double sum = 0;
  for (size_t i = 0; i < COUNTERS; i++) sum += counters[i];
  return sum;
}
