import Checkpoints
import Collectives
package import Configuration
import Datasets
import Engine
package import Network
import Operators
import Planner
package import Training

/// A run of random samples that are in memory from the start: what a benchmark needs of a run.
package enum SyntheticRun {
  /// The run's steps.
  ///
  /// - Parameter train: sizes of the batches, the optimizer, and what is frozen.
  /// - Throws: `RunError` if a layer does not fit its input, or a group matches nothing.
  package static func blueprint(
    _ network: NetworkDescription, train: TrainConfiguration
  ) throws(RunError) -> Blueprint {
    var configuration = RunConfiguration()
    configuration.train = train
    let samples = SyntheticSource(count: train.globalBatch, shape: network.input)
    do {
      return try Blueprint(
        configuration, network: network, dataset: Dataset(train: samples, test: samples, name: "random samples"),
        normalization: .identity(channels: network.input.channels))
    } catch {
      throw RunError.unusable(error)
    }
  }

  /// A rank alone at work on it, ready to take a step back where a run would be.
  ///
  /// - Throws: `RunError` if memory is short.
  package static func worker(_ blueprint: Blueprint, lanes: Int) throws(RunError) -> Worker {
    let state = TrainingState(initial: blueprint.plan.layout, seed: 1, updates: blueprint.updates)
    let never: @Sendable () -> Bool = { false }
    return try Worker(
      blueprint: blueprint, communicator: SoloCommunicator(), lanes: lanes, state: state,
      feed: ResidentFeed(blueprint.plan.training, microBatches: blueprint.plan.options.microBatches),
      givesUp: blueprint.givesUpSteps(ranks: 1) ? never : nil, keepsUndo: blueprint.keepsUndo(ranks: 1))
  }
}

/// Micro-batches that stay in memory, the same ones in each step.
struct ResidentFeed: MicroBatchFeed {
  private let batches: [SampleBatch]

  /// Random samples of all that `program` reads; a micro-batch depends on its number alone.
  init(_ program: Program, microBatches: Int) {
    batches = (1...microBatches).map { SampleBatch(randomFor: program, seed: UInt64($0)) }
  }

  func lend(step: Int, microBatch: Int, to body: MicroBatchBorrower) throws(RunError) {
    let samples = batches[microBatch]
    try body(samples.microBatch, UInt64(microBatch))
  }

  var secondsLoading: Double { 0 }

  func stop() {}
}

/// Says how many samples there are and of which shape; their pixels are never read.
private struct SyntheticSource: SampleSource {
  let count: Int
  let shape: Shape
  var classNames: [String] { [] }

  func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int {
    throw DatasetError("random samples have no pixels to read")
  }

  func name(of index: Int) -> String { "random \(index)" }

  func label(of index: Int) -> Int { 0 }

  func content(report: (String) -> Void) throws(DatasetError) -> SplitContent {
    throw DatasetError("random samples have no content to compare")
  }
}
