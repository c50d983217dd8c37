import Network
import Operators
import Planner
import Randomness
import Reference
import Testing

/// Which numbers the layers drop that drop some at random.
struct DropoutTests {
  private let input = Shape(channels: 3, height: 2, width: 2)
  private let samples: [UInt64] = [90, 7, 4_000_000_000]

  /// What each part of each sample is multiplied by, from the layer's stream.
  private func masks(_ parts: Int, rate: Double, seed: UInt64) -> [[Double]] {
    samples.map { sample in
      let stream = RandomStream(
        seed: seed, purpose: .dropout, subject: StableHash.of("layer"), time: 3, sample: sample)
      return (0..<parts).map { part in
        let uniform = Float(stream.words(block: UInt32(part / 4))[part % 4] >> 8) * 0x1p-24
        return uniform >= Float(rate) ? 1 / (1 - Double(Float(rate))) : 0
      }
    }
  }

  /// The kinds, how many parts a sample of 3 channels at 4 positions has, and the part of a number.
  private static let kinds: [(Layer, Int, @Sendable (Int) -> Int)] = [
    (.dropout(DropoutLayer(0.3)), 12, { $0 }),
    (.spatialDropout(made(SpatialDropoutLayer()) { $0.rate = 0.3 }), 3, { $0 % 3 }),
    (.stochasticDepth(made(StochasticDepthLayer()) { $0.rate = 0.3 }), 1, { _ in 0 }),
  ]

  @Test(arguments: kinds, UInt64(0)..<6)
  func `a mask follows its stream, sample by sample`(
    kind: (layer: Layer, parts: Int, part: @Sendable (Int) -> Int), seed: UInt64
  ) throws {
    let alone = try Alone(kind.layer, input: input, batch: 3)
    let (x, dy) = (normals(36, seed: 1), normals(36, seed: 2))
    let masks = masks(kind.parts, rate: 0.3, seed: seed)
    let factors = (0..<36).map { masks[$0 / 12][kind.part($0 % 12)] }
    let y = alone.train(x, samples: samples, seed: seed).logits
    #expect(y == zip(x, factors).map { $0 * $1 })
    // (y − t)/18 is the gradient of the squared error.
    let back = alone.train(x, targets: [zip(y, dy).map { $0 - 18 * $1 }], samples: samples, seed: seed)
    #expect(agree(back.imageGradient ?? [], zip(dy, factors).map { $0 * $1 }))
    #expect(alone.evaluate(x).logits == x)
  }
}
