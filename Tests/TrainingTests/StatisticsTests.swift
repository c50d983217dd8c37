import Checkpoints
import Datasets
import Engine
import Operators
import Planner
import Testing
import Training

/// The running statistics of batch normalization.
@Suite struct StatisticsTests {
  /// running ← (1 − m) · running + m · mean over the micro-batches, once per step; the means by the engine alone.
  @Test(.timeLimit(.minutes(4)), arguments: [(1, 1), (3, 2)])
  func `running statistics are the mean over micro-batches`(ranks: Int, lanes: Int) throws {
    let blueprint = try LittleRun.blueprint()
    let after = try #require(try LittleRun.run(blueprint, ranks: ranks, lanes: lanes, to: 1)[0].snapshot)
    let start = LittleRun.start(blueprint).parameters
    let gradients = try (0..<LittleRun.microBatches).map {
      try LoadedMicroBatch(blueprint, step: 0, microBatch: $0).gradient(blueprint, parameters: start)
    }
    #expect(!blueprint.plan.layout.statistics.isEmpty)
    for statistics in blueprint.plan.layout.statistics {
      for place in [statistics.mean, statistics.variance].joined() {
        let mean = gradients.reduce(0) { $0 + Double($1[place]) } / Double(LittleRun.microBatches)
        let momentum = Double(statistics.momentum)
        let want = (1 - momentum) * Double(start[place]) + momentum * mean
        // One rounding for each addition of the tree and a few for the average.
        #expect(abs(Double(after.parameters[place]) - want) <= 1e-6 * max(1, abs(want)))
      }
    }
  }
}

/// One training micro-batch, loaded without any of the worker's machinery.
private struct LoadedMicroBatch {
  private var images: [Float]
  private var labels: [Int32]
  private var ids: [UInt64]
  private let context: StepContext

  init(_ blueprint: Blueprint, step: Int, microBatch: Int) throws {
    let positions = blueprint.positions(step: step, microBatch: microBatch)
    var images = [Float](repeating: 0, count: positions.count * blueprint.dataset.train.shape.count)
    var labels = [Int32](repeating: 0, count: positions.count)
    var ids = [UInt64](repeating: 0, count: positions.count)
    var imageSpan = images.mutableSpan
    var labelSpan = labels.mutableSpan
    var idSpan = ids.mutableSpan
    try blueprint.loader(training: true).load(
      positions: positions, images: &imageSpan, labels: &labelSpan, ids: &idSpan)
    self.images = images
    self.labels = labels
    self.ids = ids
    context = blueprint.context(step: step)
  }

  /// The leaf gradient in the flat layout.
  func gradient(_ blueprint: Blueprint, parameters: [Float]) throws -> [Float] {
    var gradient = [Float](repeating: 0, count: blueprint.plan.layout.count)
    var executor = try Executor(plan: blueprint.plan)
    var observer = NoObserver()
    _ = executor.train(
      SampleBatch(images: images, labels: labels, ids: ids), parameters: parameters, gradient: &gradient,
      context: context, observer: &observer)
    return gradient
  }
}
