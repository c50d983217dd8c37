import Network
import Randomness

/// The flat parameter buffer before the first step.
package enum InitialParameters {
  /// The values for `layout`; running means are 0, running variances 1, gaps and the rest of the trailer 0.
  ///
  /// Each parameter draws from its own stream, keyed by the seed and its name, and its elements take the values in the
  /// order of files. So the values depend neither on the other parameters nor on how tensors lie in memory.
  package static func values(_ layout: FlatLayout, seed: UInt64) -> [Float] {
    var flat = [Float](repeating: 0, count: layout.count)
    var span = flat.mutableSpan
    for parameter in layout.parameters {
      layout.store(values(of: parameter, seed: seed), of: parameter, into: &span)
    }
    for statistics in layout.statistics {
      for index in statistics.variance { span[index] = 1 }
    }
    return flat
  }

  private static func values(of parameter: FlatLayout.Parameter, seed: UInt64) -> [Float] {
    var stream = RandomStream(seed: seed, purpose: .initialWeights, subject: StableHash.of(parameter.name))
    let count = parameter.description.count
    switch parameter.description.initial {
    case .constant(let value): return [Float](repeating: value, count: count)
    case .uniform(let bound): return (0..<count).map { _ in Float((2 * Double(stream.uniform()) - 1) * bound) }
    case .normal(let std): return (0..<count).map { _ in Float(stream.normal() * std) }
    case .truncatedNormal(let std): return (0..<count).map { _ in Float(stream.truncatedNormal() * std) }
    case .orthogonal(let rows, let gain): return OrthogonalMatrix.values(count, rows: rows, gain: gain, &stream)
    }
  }
}

extension RandomStream {
  /// A standard normal number within two standard deviations: drawn again until it is.
  fileprivate mutating func truncatedNormal() -> Double {
    while true {
      let number = normal()
      if abs(number) <= 2 { return number }
    }
  }
}

/// Random matrices with orthogonal rows or columns.
///
/// Source: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
/// networks", 2013, section 3; made by the modified Gram-Schmidt process (Golub and Van Loan, "Matrix computations",
/// 2013, algorithm 5.2.6) with one repetition, which makes the vectors orthogonal to rounding.
enum OrthogonalMatrix {
  /// `count` values, row by row: the rows, or the columns if those are fewer, are orthogonal and of length `gain`.
  static func values(_ count: Int, rows: Int, gain: Double, _ stream: inout RandomStream) -> [Float] {
    let columns = count / rows
    let (vectors, length) = (min(rows, columns), max(rows, columns))
    var basis: [[Double]] = []
    for _ in 0..<vectors { basis.append(next(length, beside: basis, &stream)) }
    return (0..<count).map { index in
      let (row, column) = (index / columns, index % columns)
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
    for index in vector.indices { vector[index] -= share * other[index] }
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }
}
