import Collectives
import Network
import Optimizers
import Planner
import Randomness
import TestSupport
import Testing
import Training

/// The settings of SGD that tests go through.
struct SGDCase: Sendable, CustomTestStringConvertible {
  let momentum: Double
  let nesterov: Bool
  let weightDecay: Double

  static let all = [
    SGDCase(momentum: 0, nesterov: false, weightDecay: 0), SGDCase(momentum: 0, nesterov: false, weightDecay: 0.01),
    SGDCase(momentum: 0.9, nesterov: false, weightDecay: 0.01),
    SGDCase(momentum: 0.9, nesterov: true, weightDecay: 0.01),
  ]

  var configuration: SGDConfiguration {
    var configuration = SGDConfiguration()
    (configuration.momentum, configuration.nesterov, configuration.weightDecay) = (momentum, nesterov, weightDecay)
    return configuration
  }

  var testDescription: String { "momentum \(momentum) nesterov \(nesterov) decay \(weightDecay)" }
}

/// A flat buffer with a few steps' reduced gradients.
struct FlatCase {
  static let microBatches = 4
  private static let rates: [Float] = [0.1, 0.05, 0.2]
  let layout: FlatLayout
  let start: [Float]
  var gradients: [[Float]]

  init(seed: UInt64) throws {
    precondition(prepared)
    let network = NetworkDescription(
      name: "flat", input: Shape(channels: 3, height: 5, width: 5),
      layers: [
        .layer(.convolution(ConvolutionLayer(7, kernel: 3)), name: "conv"),
        .layer(.batchNormalization(BatchNormalizationLayer()), name: "bn"),
        .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(11)), name: "fc"),
      ])
    let options = PlanOptions(microBatch: 2, microBatches: Self.microBatches, bucketElements: 256)
    layout = try Planner.plan(network, options: options).layout
    var random = RandomStream(seed: seed, purpose: .testing)
    let count = layout.count
    let numbers = Self.rates.map { _ in (0..<count).map { _ in Float(random.normal()) } }
    gradients = numbers
    start = (0..<count).map { _ in Float(random.normal()) }
  }

  /// The buffers after all steps, each owner having updated its segments of them.
  func updated(
    by settings: SGDConfiguration, owners: Int, bucket: Int
  ) -> (parameters: [Float], momenta: [Float]) {
    let segments = BucketLayout(buckets: .cut(layout.count, into: [bucket]), block: 256, owners: owners)
    var parameters = start
    var momenta = [Float](repeating: 0, count: layout.count)
    unsafe parameters.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for rank in 0..<owners {
        let owned = OwnedSegments(layout: segments, rank: rank)
        let optimizer = unsafe FlatOptimizer(
          layout: layout, owned: owned, settings: settings, microBatches: Self.microBatches, parameters: base)
        for (rate, gradient) in zip(Self.rates, gradients) { step(optimizer, owned, rate, gradient) }
        guard settings.momentum > 0 else { continue }
        for (range, place) in owned.pieces {
          momenta.replaceSubrange(range, with: optimizer.ownedMomenta[place..<place + range.count])
        }
      }
    }
    return (parameters, momenta)
  }

  private func step(_ optimizer: FlatOptimizer, _ owned: OwnedSegments, _ rate: Float, _ gradient: [Float]) {
    optimizer.rate = rate
    var gradient = gradient
    unsafe gradient.withUnsafeMutableBufferPointer { gradient in
      guard let base = gradient.baseAddress else { return }
      for (range, _) in owned.pieces { unsafe optimizer.update(range: range, gradient: base + range.lowerBound) }
    }
  }

  /// The parameters by the plain formula in double precision: v ← μ·v + g + λ·w, then w ← w − η·v or, with Nesterov,
  /// w ← w − η·(g + λ·w + μ·v).
  func expected(_ settings: SGDConfiguration) -> [Double] {
    var w = start.map(Double.init)
    for parameter in layout.parameters {
      let decay = ["conv.weight", "fc.weight"].contains(parameter.name) ? settings.weightDecay : 0
      for place in parameter.range {
        var velocity = 0.0
        for (rate, gradient) in zip(Self.rates, gradients) {
          let slope = Double(gradient[place]) + decay * w[place]
          velocity = settings.momentum * velocity + slope
          w[place] -= Double(rate) * (settings.nesterov ? slope + settings.momentum * velocity : velocity)
        }
      }
    }
    return w
  }
}
