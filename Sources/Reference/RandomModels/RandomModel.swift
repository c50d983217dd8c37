package import Network
package import Operators
import Randomness
import StrictYAML

/// Random small networks and losses for property tests, all of them pure functions of their arguments.
package enum RandomModel {
  /// What a network can be made to contain: every kind of layer, every way to merge branches, and auxiliary heads.
  package static let kinds =
    Layer.kinds.map(\.alternative.name) + Module.Merge.allCases.map(\.rawValue) + ["head"]

  /// A valid network: an image of 1 to 9 pixels a side and 1 to 5 channels, a random body of all kinds of layers,
  /// nested branches and auxiliary heads, and a dense layer of 2 to 5 classes.
  ///
  /// Heads end in as many values as the network, and their losses read one label for each sample.
  package static func network(seed: UInt64) -> NetworkDescription {
    firstValid("random model", seed: seed, name: "random-\(seed)") { generator in
      let length = generator.stream.pick(1...5)
      return generator.sequence(length: length, depth: 2) + generator.classifier()
    }
  }

  /// A valid small network that contains `kind`, one of `kinds`, between a random convolution and a dense layer, with
  /// random options and geometry.
  package static func network(of kind: String, seed: UInt64) -> NetworkDescription {
    firstValid("random \(kind)", seed: seed, name: "\(kind)-\(seed)") { generator in
      guard let first = generator.fittingLayer("convolution"), let node = generator.node(of: kind, depth: 1) else {
        return nil
      }
      return [.layer(first)] + node + generator.classifier()
    }
  }

  /// A valid network of nothing but `kind`, one of `kinds`, with random options and geometry. Its output may be an
  /// image.
  package static func single(_ kind: String, seed: UInt64) -> NetworkDescription {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of("single \(kind)"))
    while true {
      let input = stream.image()
      var generator = BodyGenerator(stream: stream, shape: input)
      generator.isPlain = true
      let node = generator.node(of: kind, depth: 0)
      stream = generator.stream
      guard let node else { continue }
      let network = NetworkDescription(name: "\(kind)-\(seed)", input: input, layers: node)
      if (try? network.output()) != nil { return network }
    }
  }

  /// A dense layer of 2 to 6 outputs on a random vector: what a loss is tried on.
  package static func outputLayer(seed: UInt64) -> NetworkDescription {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of("output layer"))
    let input = Shape(features: stream.pick(1...5))
    let layer = DenseLayer(stream.pick(2...6))
    return NetworkDescription(name: "output-\(seed)", input: input, layers: [.layer(.dense(layer), name: "layer")])
  }

  /// A random loss of the given kind that fits `output`.
  package static func loss(of kind: String, for output: Shape, seed: UInt64) -> Loss {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of("random \(kind)"))
    while true {
      let loss = stream.loss(of: kind, for: output)
      if loss.problem(with: output) == nil { return loss }
    }
  }

  /// A random loss with random options that fits `output`; all kinds of losses fit a vector of at least two elements.
  package static func loss(for output: Shape, seed: UInt64) -> Loss {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of("random loss"))
    while true {
      let loss = stream.loss(of: stream.pick(Loss.alternatives.map(\.name)), for: output)
      if loss.problem(with: output) == nil { return loss }
    }
  }

  /// The first of the networks that `grow` makes that is valid and ends with a vector.
  private static func firstValid(
    _ subject: String, seed: UInt64, name: String, grow: (inout BodyGenerator) -> [Module]?
  ) -> NetworkDescription {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of(subject))
    while true {
      let input = stream.image()
      var generator = BodyGenerator(stream: stream, shape: input)
      let layers = grow(&generator)
      stream = generator.stream
      guard let layers else { continue }
      let network = NetworkDescription(name: name, input: input, layers: layers)
      if (try? network.output())?.isVector == true { return network }
    }
  }
}

extension RandomStream {
  /// Two random numbers of `range`.
  mutating func extent(_ range: ClosedRange<Int>) -> Extent { Extent(height: pick(range), width: pick(range)) }

  /// The shape of a small image; single pixels and single lines are not rare.
  fileprivate mutating func image() -> Shape {
    let channels = pick(1...5)
    switch integer(below: 10) {
    case 0: return Shape(channels: channels, height: 1, width: 1)
    case 1: return Shape(channels: channels, height: 1, width: pick(2...9))
    default: return Shape(channels: channels, height: pick(1...9), width: pick(1...9))
    }
  }
}
