// The one-dimensional transforms of F(2, 3), by the points 0, ±1 and ∞ (Lavin and Gray, section 4.1, with the sign of
// the last line of the input turned).

CK_INLINE void f2_input_line(const vector d[4], vector o[4]) {
  o[0] = d[0] - d[2];
  o[1] = d[1] + d[2];
  o[2] = d[2] - d[1];
  o[3] = d[3] - d[1];
}

CK_INLINE void f2_filter_line(const vector g[3], vector o[4]) {
  const vector e = 0.5f * (g[0] + g[2]), f = 0.5f * g[1];
  o[0] = g[0];
  o[1] = e + f;
  o[2] = e - f;
  o[3] = g[2];
}

CK_INLINE void f2_gradient_line(const vector g[2], vector o[4]) {
  o[0] = g[0];
  o[1] = 0.5f * (g[0] + g[1]);
  o[2] = 0.5f * (g[0] - g[1]);
  o[3] = g[1];
}

CK_INLINE void f2_output_line(const vector m[4], vector o[2]) {
  o[0] = m[0] + m[1] + m[2];
  o[1] = m[1] - m[2] + m[3];
}

CK_INLINE void f2_weights_line(const vector m[4], vector o[3]) {
  const vector s = m[1] + m[2];
  o[0] = m[0] + s;
  o[1] = m[1] - m[2];
  o[2] = s + m[3];
}
