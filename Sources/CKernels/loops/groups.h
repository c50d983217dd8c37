// Normalization over groups of channels within a block of [position][channel].
//
// Channels are cut into spans of whole groups: as many as fit into a chunk, or one that takes several chunks. The sums
// are those of chunks.h, channel by channel, and the channels of a group are added in double. A block that is one group
// is a plain run of floats, which is summed in double and normalised row by row.

struct span {
  size_t first;    // the first channel
  size_t channels; // the channels of the span
  size_t group;    // the first group
  size_t groups;   // the groups of the span, at most LANES
  size_t width;    // the channels of a group
};

CK_INLINE struct span span_at(const struct ck_groups *g, size_t group) {
  const size_t width = g->channels / g->groups, room = width < LANES ? LANES / width : 1;
  const size_t groups = g->groups - group < room ? g->groups - group : room;
  return (struct span){group * width, groups * width, group, groups, width};
}

#define FOR_EACH_SPAN(g, s) \
  for (struct span s = span_at((g), 0); s.group < (g)->groups; s = span_at((g), s.group + s.groups))

#define FOR_EACH_CHUNK(g, s, c) \
  for (struct chunk c = span_chunk((g), (s), 0); c.channels > 0; c = next_chunk((g), (s), &c))

// The chunk of a span from its channel `from` on; without channels at the end.
CK_INLINE struct chunk span_chunk(const struct ck_groups *g, const struct span *s, size_t from) {
  const size_t left = s->channels - from;
  return chunk_of(g->positions, g->channels, s->first + from, left < LANES ? left : LANES);
}

CK_INLINE struct chunk next_chunk(const struct ck_groups *g, const struct span *s, const struct chunk *c) {
  return span_chunk(g, s, c->first + c->channels - s->first);
}

// The group within the span of channel i of a chunk.
CK_INLINE size_t group_in_span(const struct span *s, size_t i) { return s->groups > 1 ? i / s->width : 0; }

// One value per group of the span, laid out for the lanes of a chunk.
CK_INLINE void spread_groups(
    const struct span *s, const struct chunk *c, const float *restrict values, float *restrict lanes) {
  float channels[LANES];
  for (size_t i = 0; i < c->channels; i++) channels[i] = values[group_in_span(s, i)];
  spread(c, channels, lanes);
}

// sums[group] += Σ over the group's channels of their lanes.
CK_INLINE void add_to_groups(
    const struct span *s, const struct chunk *c, const double *restrict lanes, double *restrict sums) {
  for (size_t i = 0; i < c->channels; i++) sums[group_in_span(s, i)] += fold_lanes(c, lanes, i);
}

// deviations[lane] += Σ (x - mean); squares[lane] += Σ (x - mean)²
CK_INLINE void deviation_block(
    size_t rows, size_t lanes, size_t stride, size_t offset, const float *restrict x, const float *restrict mean,
    double *restrict deviations, double *restrict squares) {
  float first[LANES] = {0}, second[LANES] = {0};
  for (size_t row = 0; row < rows; row++)
    for (size_t i = 0; i < lanes; i++) {
      const float deviation = x[offset + row * stride + i] - mean[i];
      first[i] += deviation;
      second[i] += deviation * deviation;
    }
  for (size_t i = 0; i < lanes; i++) {
    deviations[i] += (double)first[i];
    squares[i] += (double)second[i];
  }
}

// The biased variance by the corrected two-pass formula (Chan, Golub and LeVeque 1983, equation 1.7), as 1 / √(variance
// + epsilon).
CK_INLINE float inverse_root(double deviations, double squares, double count, float epsilon) {
  const double corrected = squares - deviations * deviations / count;
  return (float)(1 / sqrt((corrected < 0 ? 0 : corrected) / count + (double)epsilon));
}

// Means and rstds of the groups of a span.
CK_INLINE void span_statistics(
    const struct ck_groups *g, const struct span *s, float epsilon, const float *x, float *mean, float *inverse) {
  const double count = (double)(g->positions * s->width);
  double sums[LANES] = {0}, deviations[LANES] = {0}, squares[LANES] = {0};
  FOR_EACH_CHUNK(g, s, c) {
    double totals[LANES] = {0};
    FOR_EACH_BLOCK(&c, sum_block, x, totals);
    add_to_groups(s, &c, totals, sums);
  }
  for (size_t group = 0; group < s->groups; group++) mean[group] = (float)(sums[group] / count);
  FOR_EACH_CHUNK(g, s, c) {
    double first[LANES] = {0}, second[LANES] = {0};
    float means[LANES];
    spread_groups(s, &c, mean, means);
    FOR_EACH_BLOCK(&c, deviation_block, x, means, first, second);
    add_to_groups(s, &c, first, deviations);
    add_to_groups(s, &c, second, squares);
  }
  for (size_t group = 0; group < s->groups; group++)
    inverse[group] = inverse_root(deviations[group], squares[group], count, epsilon);
}

// y = (x - mean) · inverse · scale + shift
CK_INLINE void span_outputs(
    const struct ck_groups *g, const struct span *s, const float *x, const float *scale, const float *shift,
    const float *mean, const float *inverse, float *y) {
  FOR_EACH_CHUNK(g, s, c) {
    float means[LANES], factor[LANES], factors[LANES], shifts[LANES] = {0};
    spread_groups(s, &c, mean, means);
    for (size_t i = 0; i < c.channels; i++)
      factor[i] = inverse[group_in_span(s, i)] * (scale != NULL ? scale[c.first + i] : 1);
    spread(&c, factor, factors);
    if (shift != NULL) spread(&c, shift + c.first, shifts);
    FOR_EACH_BLOCK(&c, affine_block, 0, 0, x, x, means, factors, shifts, y);
  }
}

// Sums over a run are kept in COUNTERS lanes, element i in lane i % COUNTERS of its piece, and added at the end.

CK_INLINE void add_numbers(size_t n, const float *restrict x, double *restrict sums) {
  for (size_t i = 0; i < n; i++) sums[i] += (double)x[i];
}

CK_INLINE void add_deviations(
    size_t n, double mean, const float *restrict x, double *restrict deviations, double *restrict squares) {
  for (size_t i = 0; i < n; i++) {
    const double deviation = (double)x[i] - mean;
    deviations[i] += deviation;
    squares[i] += deviation * deviation;
  }
}

// Calls add(count, offset) for pieces of at most COUNTERS of n elements; all but the last have a constant count.
#define FOR_EACH_PIECE(n, add)                                                                  \
  do {                                                                                          \
    size_t offset = 0;                                                                          \
    for (; offset + COUNTERS <= (n); offset += COUNTERS) add(COUNTERS, offset);                 \
    if (offset < (n)) add((n) - offset, offset);                                                \
  } while (0)

// Mean and rstd of n floats.
CK_INLINE void run_statistics(size_t n, float epsilon, const float *x, float *mean, float *inverse) {
  double sums[COUNTERS] = {0}, deviations[COUNTERS] = {0}, squares[COUNTERS] = {0};
#define ADD_NUMBERS(count, offset) add_numbers(count, x + (offset), sums)
  FOR_EACH_PIECE(n, ADD_NUMBERS);
  *mean = (float)(sum_counters(sums) / (double)n);
#define ADD_DEVIATIONS(count, offset) add_deviations(count, (double)*mean, x + (offset), deviations, squares)
  FOR_EACH_PIECE(n, ADD_DEVIATIONS);
  *inverse = inverse_root(sum_counters(deviations), sum_counters(squares), (double)n, epsilon);
}

// Shift and scale of a piece of at most LANES channels where the layer has none.
static const float no_shift[LANES] = {0};
static const float no_scale[LANES] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

CK_INLINE size_t piece_length(const struct ck_groups *g, size_t first) {
  return g->channels - first < LANES ? g->channels - first : LANES;
}

CK_INLINE void affine_piece(
    size_t n, float mean, float inverse, const float *x, const float *restrict scale, const float *restrict shift,
    float *y) {
  CK_ELEMENTWISE
  for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * (inverse * scale[i]) + shift[i];
}

CK_INLINE void run_outputs(
    const struct ck_groups *g, const float *x, const float *scale, const float *shift, float mean, float inverse,
    float *y) {
  for (size_t row = 0; row < g->positions; row++, x += g->channels, y += g->channels)
    for (size_t first = 0; first < g->channels; first += LANES)
      affine_piece(
          piece_length(g, first), mean, inverse, x + first, scale != NULL ? scale + first : no_scale,
          shift != NULL ? shift + first : no_shift, y + first);
}

static void group_forward(
    const struct ck_groups *g, float epsilon, const float *x, const float *scale, const float *shift, float *y,
    float *mean, float *inverse) {
  const size_t count = g->positions * g->channels;
  for (size_t block = 0; block < g->blocks; block++, x += count, y += count, mean += g->groups, inverse += g->groups) {
    if (g->groups == 1) {
      run_statistics(count, epsilon, x, mean, inverse);
      run_outputs(g, x, scale, shift, *mean, *inverse, y);
      continue;
    }
    FOR_EACH_SPAN(g, s) {
      span_statistics(g, &s, epsilon, x, mean + s.group, inverse + s.group);
      span_outputs(g, &s, x, scale, shift, mean + s.group, inverse + s.group, y);
    }
  }
}
