import Foundation

extension Activation {
  /// Each row of y = exp(x) / Σ exp(x).
  package static func softmaxForward(rows: Int, columns: Int, x: Span<Float>, y: inout MutableSpan<Float>) {
    precondition(rows >= 0 && columns > 0, "\(rows) rows of \(columns)")
    precondition(x.count == rows * columns && y.count == x.count, "x and y: \(rows) × \(columns)")
    for row in 0..<rows {
      _ = softmaxRow(x, at: row * columns, columns: columns, y: &y)
    }
  }

  /// dx = y · (dy - Σ dy · y), row by row.
  package static func softmaxBackward(
    rows: Int, columns: Int, y: Span<Float>, dy: Span<Float>, dx: inout MutableSpan<Float>
  ) {
    precondition(rows >= 0 && columns > 0, "\(rows) rows of \(columns)")
    precondition(y.count == rows * columns && dy.count == y.count && dx.count == y.count, "\(rows) × \(columns)")
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      var product = 0.0
      for i in range { product += Double(dy[i]) * Double(y[i]) }
      for i in range { dx[i] = y[i] * (dy[i] - Float(product)) }
    }
  }

  /// Softmax of the row that starts at `first`.
  ///
  /// - Returns: the logarithm of Σ exp(x), the quantity that the row's log-probabilities are differences to.
  static func softmaxRow(_ x: Span<Float>, at first: Int, columns: Int, y: inout MutableSpan<Float>) -> Double {
    var largest = -Float.infinity
    for i in first..<first + columns where x[i] > largest { largest = x[i] }
    var sum = 0.0
    for i in first..<first + columns {
      let power = exp(x[i] - largest)
      y[i] = power
      sum += Double(power)
    }
    let factor = Float(1 / sum)
    for i in first..<first + columns { y[i] *= factor }
    return Double(largest) + log(sum)
  }
}
