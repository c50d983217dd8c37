// The one-dimensional transforms of F(4, 3), by the points 0, ±a, ±b and ∞ with a = 1/√2 and b = √2, which make half
// the error of ±1 and ±2 (Barabasz et al., "Error analysis and improving the accuracy of Winograd convolution for deep
// neural networks", ACM TOMS 46 (2020)).

// a, b, a³, b³; a² = 1/2, b² = 2, a²b² = 1.
#define WA 0.707106781186547524f
#define WB 1.41421356237309505f
#define WAAA 0.353553390593273762f
#define WBBB 2.82842712474619010f

CK_INLINE void f4_input_line(const vector d[6], vector o[6]) {
  const vector e = d[4] - 2.0f * d[2], f = WA * (d[3] - 2.0f * d[1]);
  const vector g = d[4] - 0.5f * d[2], h = WB * (d[3] - 0.5f * d[1]);
  o[0] = d[4] - 2.5f * d[2] + d[0];
  o[1] = e + f;
  o[2] = e - f;
  o[3] = g + h;
  o[4] = g - h;
  o[5] = d[5] - 2.5f * d[3] + d[1];
}

CK_INLINE void f4_filter_line(const vector g[3], vector o[6]) {
  const vector e = g[0] + 0.5f * g[2], f = WA * g[1], h = g[0] + 2.0f * g[2], i = WB * g[1];
  o[0] = g[0];
  o[1] = (-2.0f / 3) * (e + f);
  o[2] = (-2.0f / 3) * (e - f);
  o[3] = (1.0f / 6) * (h + i);
  o[4] = (1.0f / 6) * (h - i);
  o[5] = g[2];
}

CK_INLINE void f4_gradient_line(const vector g[4], vector o[6]) {
  const vector e = g[0] + 0.5f * g[2], f = WA * (g[1] + 0.5f * g[3]);
  const vector h = g[0] + 2.0f * g[2], i = WB * (g[1] + 2.0f * g[3]);
  o[0] = g[0];
  o[1] = (-2.0f / 3) * (e + f);
  o[2] = (-2.0f / 3) * (e - f);
  o[3] = (1.0f / 6) * (h + i);
  o[4] = (1.0f / 6) * (h - i);
  o[5] = g[3];
}

CK_INLINE void f4_output_line(const vector m[6], vector o[4]) {
  const vector s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
  o[0] = m[0] + s1 + s2;
  o[1] = WA * d1 + WB * d2;
  o[2] = 0.5f * s1 + 2.0f * s2;
  o[3] = WAAA * d1 + WBBB * d2 + m[5];
}

CK_INLINE void f4_weights_line(const vector m[6], vector o[3]) {
  const vector s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
  o[0] = m[0] + s1 + s2;
  o[1] = WA * d1 + WB * d2;
  o[2] = 0.5f * s1 + 2.0f * s2 + m[5];
}

#undef WA
#undef WB
#undef WAAA
#undef WBBB
