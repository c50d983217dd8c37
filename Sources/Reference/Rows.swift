/// Σ a[i] · b[i].
///
/// Four partial sums, so that an addition need not wait for the one before it.
func product(_ a: Span<Double>, _ b: Span<Double>) -> Double {
  precondition(a.count == b.count)
  var sums = SIMD4<Double>()
  var i = 0
  while i + 4 <= a.count {
    let left = SIMD4<Double>(a[i], a[i + 1], a[i + 2], a[i + 3])
    let right = SIMD4<Double>(b[i], b[i + 1], b[i + 2], b[i + 3])
    sums += left * right
    i += 4
  }
  var sum = sums.sum()
  while i < a.count {
    sum += a[i] * b[i]
    i += 1
  }
  return sum
}

/// y[start + i] += scale · x[i].
func addScaled(_ scale: Double, _ x: Span<Double>, to y: inout MutableSpan<Double>, at start: Int) {
  precondition(start >= 0 && start + x.count <= y.count)
  for i in x.indices { y[start &+ i] += scale * x[i] }
}
