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
    return (0..<parameter.description.count).map { _ in
      switch parameter.description.initial {
      case .constant(let value): value
      case .uniform(let bound): Float((2 * Double(stream.uniform()) - 1) * bound)
      case .normal(let deviation): Float(stream.normal() * deviation)
      }
    }
  }
}
