import Randomness

/// Random matrices with orthogonal rows or columns.
///
/// Source: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
/// networks", 2013, section 3; made by the modified Gram-Schmidt process (Golub and Van Loan, "Matrix computations",
/// 2013, algorithm 5.2.6) with one repetition, which makes the vectors orthogonal to rounding.
enum OrthogonalMatrix {
  /// `count` numbers, row by row: the rows, or the columns if those are fewer, are orthogonal and of length `gain`.
  static func values(_ count: Int, rows: Int, gain: Double, _ stream: inout RandomStream) -> [Float] {
    let columns = count / rows
    let (vectors, length) = (min(rows, columns), max(rows, columns))
    var basis: [[Double]] = []
    for _ in 0..<vectors { basis.append(next(length, beside: basis, &stream)) }
    return (0..<count).map { place in
      let (row, column) = (place / columns, place % columns)
      return Float(gain * (rows <= columns ? basis[row][column] : basis[column][row]))
    }
  }

  /// A random direction that is orthogonal to those of `basis`.
  private static func next(_ length: Int, beside basis: [[Double]], _ stream: inout RandomStream) -> [Double] {
    var vector = (0..<length).map { _ in stream.normal() }
    for _ in 0..<2 {
      for other in basis { subtract(other, from: &vector) }
    }
    let norm = product(vector, vector).squareRoot()
    return vector.map { $0 / norm }
  }

  private static func subtract(_ other: [Double], from vector: inout [Double]) {
    let share = product(other, vector)
    for place in vector.indices { vector[place] -= share * other[place] }
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for place in a.indices { sum += a[place] * b[place] }
    return sum
  }
}
