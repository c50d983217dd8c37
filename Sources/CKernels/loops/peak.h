// What one core can do at most: fused multiply-adds between registers, with nothing to load or store.

// Chains of multiply-adds that do not wait for each other: more than the latency of one times the units of any core
// today, and with the two constants no more than 16 registers.
enum { PEAK_CHAINS = 12 };

// Runs `rounds` of a multiply-add in every chain; returns the number of multiply-adds. The chains start at `*sum`,
// which the compiler cannot know, and their sum takes its place, or there would be nothing to compute. Each tends to 2,
// so no round is slowed down by values that are not normal.
static size_t multiply_adds(size_t rounds, float *sum) {
  const vector factor = broadcast(0.5f), addend = broadcast(1.0f);
  vector chains[PEAK_CHAINS];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < PEAK_CHAINS; i++) chains[i] = broadcast(*sum + (float)i);
#pragma clang loop unroll(disable)
  for (size_t round = 0; round < rounds; round++)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < PEAK_CHAINS; i++) chains[i] = factor * chains[i] + addend;
  vector total = chains[0];
#pragma clang loop unroll(full)
  for (size_t i = 1; i < PEAK_CHAINS; i++) total += chains[i];
  *sum = 0;
  for (size_t lane = 0; lane < CK_VECTOR; lane++) *sum += total[lane];
  return rounds * PEAK_CHAINS * CK_VECTOR;
}
