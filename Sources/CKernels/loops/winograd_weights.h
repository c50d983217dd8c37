// The weight gradient of winograd_passes.h, which includes it.

// dW[output][tap][input] out of the sums over all tiles of dyᵀ · x, plane by plane.
static void WINOGRAD(weights)(const struct ck_winograd *w, const float *sums, float *weights) {
  const size_t plane = w->inputs * w->outputs + 16;
  for (size_t o = 0; o < w->outputs; o++) {
    for (size_t c = 0; c < w->inputs; c += CK_VECTOR) {
      const float *from = sums + o * w->inputs + c;
      vector half[3][TILE_IN];
#pragma clang loop unroll(full)
      for (int column = 0; column < TILE_IN; column++) {
        vector in[TILE_IN], out[3];
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_IN; row++) in[row] = load(from + (size_t)(row * TILE_IN + column) * plane);
        WINOGRAD(weights_line)(in, out);
#pragma clang loop unroll(full)
        for (int row = 0; row < 3; row++) half[row][column] = out[row];
      }
#pragma clang loop unroll(full)
      for (int row = 0; row < 3; row++) {
        vector out[3];
        WINOGRAD(weights_line)(half[row], out);
#pragma clang loop unroll(full)
        for (int column = 0; column < 3; column++)
          store(weights + (o * 9 + (size_t)(row * 3 + column)) * w->inputs + c, out[column]);
      }
    }
  }
}

static void WINOGRAD(backward_weights)(
    const struct ck_winograd *w, const float *x, const float *dy, float *d_weights, float *scratch) {
  const size_t tiles = w->batch * WINOGRAD(tiles_down)(w) * WINOGRAD(tiles_across)(w);
  const size_t plane = w->inputs * w->outputs + 16;
  const struct planes in = panels(w->tiles, w->inputs), out = matrices(w->tiles, w->outputs);
  float *u = scratch, *d = u + PLANES * in.plane, *sums = d + PLANES * out.plane;
  for (size_t first = 0; first < tiles; first += w->tiles) {
    const size_t count = tiles - first < w->tiles ? tiles - first : w->tiles;
    const struct planes cut = {in.plane, count * in.width, in.width, in.width};
    WINOGRAD(input)(w, first, count, x, cut, u);
    WINOGRAD(output_gradient)(w, first, count, dy, out, d);
    for (size_t p = 0; p < PLANES; p++)
      plane_product(
          w->outputs, w->inputs, count, d + p * out.plane, 1, out.tile, &cut, u + p * in.plane, sums + p * plane,
          w->inputs, first > 0);
  }
  WINOGRAD(weights)(w, sums, d_weights);
}
