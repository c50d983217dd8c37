// Philox4x32-10 over many counters at once (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

// The number of blocks computed side by side, and the random words that they hold.
enum { BLOCKS = 16, WORDS = 4 * BLOCKS };

CK_INLINE void philox_round(uint32_t c[4][BLOCKS], uint32_t key0, uint32_t key1) {
  for (size_t i = 0; i < BLOCKS; i++) {
    const uint64_t a = (uint64_t)0xD2511F53 * c[0][i], b = (uint64_t)0xCD9E8D57 * c[2][i];
    const uint32_t x = (uint32_t)(b >> 32) ^ c[1][i] ^ key0, z = (uint32_t)(a >> 32) ^ c[3][i] ^ key1;
    c[0][i] = x;
    c[1][i] = (uint32_t)b;
    c[2][i] = z;
    c[3][i] = (uint32_t)a;
  }
}

CK_INLINE void philox_words(
    size_t block, const uint32_t key[2], const uint32_t counter[3], uint32_t c[4][BLOCKS]) {
  for (size_t i = 0; i < BLOCKS; i++) {
    c[0][i] = (uint32_t)(block + i);
    c[1][i] = counter[0];
    c[2][i] = counter[1];
    c[3][i] = counter[2];
  }
  for (uint32_t round = 0; round < 10; round++)
    philox_round(c, key[0] + round * 0x9E3779B9u, key[1] + round * 0xBB67AE85u);
}

static void dropout_mask(
    size_t n, const uint32_t key[2], const uint32_t counter[3], float rate, float kept, float *mask) {
  for (size_t first = 0; first < n; first += WORDS) {
    uint32_t c[4][BLOCKS];
    float values[WORDS];
    philox_words(first / 4, key, counter, c);
    for (size_t i = 0; i < BLOCKS; i++)
      for (size_t word = 0; word < 4; word++)
        values[4 * i + word] = (float)(int32_t)(c[word][i] >> 8) * 0x1p-24f >= rate ? kept : 0;
    copy_run(n - first < WORDS ? n - first : WORDS, values, mask + first);
  }
}
