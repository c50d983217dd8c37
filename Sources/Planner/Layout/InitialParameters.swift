import Network
import Randomness

/// The flat parameter buffer before the first step.
package enum InitialParameters {
  /// The values for `layout`; running means are 0, running variances 1, gaps and the rest of the trailer 0.
  ///
  /// Each parameter draws from its own stream, keyed by the seed and its name, and its elements take the numbers in the
  /// order of files. So the values depend neither on the other parameters nor on how tensors lie in memory.
  package static func values(_ layout: FlatLayout, seed: UInt64) -> [Float] {
    var flat = [Float](repeating: 0, count: layout.count)
    var span = flat.mutableSpan
    for parameter in layout.parameters {
      layout.store(values(of: parameter, seed: seed), of: parameter, into: &span)
    }
    for statistics in layout.statistics {
      for place in statistics.variance { span[place] = 1 }
    }
    return flat
  }

  private static func values(of parameter: FlatLayout.Parameter, seed: UInt64) -> [Float] {
    var stream = RandomStream(seed: seed, purpose: .initialWeights, subject: StableHash.of(parameter.name))
    let count = parameter.description.count
    switch parameter.description.initial {
    case .constant(let value): return [Float](repeating: value, count: count)
    case .uniform(let bound): return (0..<count).map { _ in Float((2 * Double(stream.uniform()) - 1) * bound) }
    case .normal(let deviation): return (0..<count).map { _ in Float(stream.normal() * deviation) }
    case .truncatedNormal(let deviation): return (0..<count).map { _ in Float(stream.truncatedNormal() * deviation) }
    case .orthogonal(let rows, let gain): return OrthogonalMatrix.values(count, rows: rows, gain: gain, &stream)
    }
  }
}

extension RandomStream {
  /// A standard normal number of at most two deviations: drawn again until it is.
  fileprivate mutating func truncatedNormal() -> Double {
    while true {
      let number = normal()
      if abs(number) <= 2 { return number }
    }
  }
}
