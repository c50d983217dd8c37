import Checkpoints
import Collectives
import Configuration
import Foundation
import Network
import Operators
import Planner
import TestSupport
import Training

/// A small run with all that could tempt ranks apart: batch normalization, a residual block, dropout, augmentation,
/// momentum, weight decay, label smoothing, odd sizes, and epochs that end within a step.
enum LittleRun {
  static let microBatch = 3
  static let microBatches = 16
  static let steps = 10
  static let testCount = 58

  static let network = NetworkDescription(
    name: "little", input: Shape(channels: 1, height: 28, width: 28),
    layers: [
      .layer(.convolution(ConvolutionLayer(6, kernel: 3, stride: 2, padding: 1)), name: "stem"),
      .layer(.batchNormalization(BatchNormalizationLayer()), name: "norm"), .layer(.activation(.relu)),
      .branches(
        .add,
        [
          .layer(.convolution(ConvolutionLayer(6, kernel: 3, padding: 1, bias: false)), name: "body"),
          .layer(.identity(IdentityLayer())),
        ], name: "block"),
      .layer(.maxPooling(MaxPoolingLayer(2))), .layer(.dropout(DropoutLayer(0.25)), name: "drop"),
      .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(10)), name: "fc"),
    ])

  /// The same with six residual blocks more, so deep that computing values twice saves memory.
  static var deepNetwork: NetworkDescription {
    let blocks = (0..<6).map { index in
      let convolution = ConvolutionLayer(6, kernel: 3, padding: 1, bias: false)
      return Module.sequential(
        [
          .branches(.add, [.layer(.convolution(convolution)), .layer(.identity(IdentityLayer()))]),
          .layer(.batchNormalization(BatchNormalizationLayer())), .layer(.activation(.relu)),
          .layer(.dropout(DropoutLayer(0.1))),
        ], name: "block\(index)")
    }
    var network = network
    network.layers.insert(contentsOf: blocks, at: 3)
    return network
  }

  /// The blueprint of the run with `overrides`, which are `key=value` pairs.
  static func blueprint(_ overrides: [String] = [], network: NetworkDescription = network) throws -> Blueprint {
    precondition(prepared)
    let file = FileManager.default.temporaryDirectory.appending(path: "little-\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    try network.fileText.write(to: file, atomically: true, encoding: .utf8)
    let text = """
      seed: 3
      model: {file: \(file.path)}
      data: {train-count: 101, test-count: \(testCount), augment: [{random-crop: {padding: 2}}]}
      train:
        steps: \(steps)
        global-batch: \(microBatch * microBatches)
        micro-batch: \(microBatch)
        optimizer: {sgd: {momentum: 0.9, nesterov: true, weight-decay: 5.0e-3}}
        schedule: {one-cycle: {peak: 0.05, warm-up-epochs: 1}}
        loss: {cross-entropy: {label-smoothing: 0.1}}
      exchange: {bucket: 4KiB}
      """
    return try Blueprint(try Configurations.parse(text, source: "little.yaml", overrides: overrides))
  }

  /// The state before the first step.
  static func start(_ blueprint: Blueprint) -> TrainingState {
    TrainingState(
      initial: blueprint.plan.layout, seed: blueprint.configuration.seed, updates: blueprint.updates)
  }
}

/// What a rank saw of a few steps.
struct Trace: Equatable, Sendable {
  /// The replica's parameters at the end, as bits.
  var parameters: [UInt32] = []
  var metrics: [StepMetrics] = []
  /// Of each step, the digest of the reduced gradient; zeros but on rank 0.
  var gradients: [UInt64] = []
  /// Of each step, the digests of all its micro-batches.
  var microBatches: [[UInt64]] = []
  /// Of each step, the digest of its samples.
  var samples: [UInt64] = []
  /// The state at the end; on rank 0.
  var snapshot: TrainingState?
  /// The score of the test data at the end; on rank 0.
  var evaluation: Evaluation?
}

extension LittleRun {
  /// Takes the steps from `state` up to `end` with ranks that are threads, and returns what each rank saw.
  ///
  /// - Parameters:
  ///   - seed: delays messages at random.
  ///   - votes: what a rank asks for in a step.
  static func run(
    _ blueprint: Blueprint, ranks: Int, lanes: Int, from state: TrainingState? = nil, to end: Int = steps,
    seed: UInt64? = nil, votes: @escaping @Sendable (_ rank: Int, _ step: Int) -> Votes = { _, _ in Votes() }
  ) throws -> [Trace] {
    let state = state ?? start(blueprint)
    return try ThreadCluster.run(ranks: ranks, deadline: .seconds(180), seed: seed) { communicator in
      let worker = try Worker(blueprint: blueprint, communicator: communicator, lanes: lanes, state: state)
      defer { worker.end() }
      var trace = Trace()
      for step in state.step..<end {
        trace.metrics.append(try worker.step(step, votes: votes(communicator.rank, step)))
        trace.gradients.append(worker.gradientDigest)
        trace.microBatches.append(worker.microBatchDigests)
        trace.samples.append(worker.samplesDigest)
      }
      trace.parameters = worker.parameters.map(\.bitPattern)
      trace.snapshot = try worker.snapshot(step: end)
      trace.evaluation = try worker.evaluate()
      return trace
    }
  }
}
