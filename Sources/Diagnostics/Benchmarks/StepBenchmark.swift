package import Configuration
import Kernels
package import Network
import Optimizers
package import Training

/// `bench step`: whole training steps, with the time of each kind of instruction or of each layer.
package struct StepBenchmark: Sendable {
  /// Samples of a micro-batch.
  package var microBatch: Int
  /// Micro-batches of a step, each computed by a lane of its own.
  package var lanes = 1
  /// The optimizer, what is frozen, and what is computed twice; the sizes of batches are not read.
  package var train = TrainConfiguration()
  /// How long to measure.
  package var seconds = 3.0
  /// Whether the table is by layer instead of by kind of instruction.
  package var showsLayers = false
  /// Whether to print JSON.
  package var isJSON = false

  /// A benchmark with micro-batches of the given size.
  package init(microBatch: Int) { self.microBatch = microBatch }

  /// Measures models one after the other, on random images, and prints.
  ///
  /// - Throws: `RunError` if a layer does not fit its input or memory is short.
  package func run(_ networks: [NetworkDescription]) throws(RunError) {
    do { try KernelSet.configure(.auto) } catch { throw RunError.unusable(error) }
    let peak = PeakRate.measured()
    for network in networks {
      let blueprint = try blueprint(network)
      let memory = RankMemory(plan: blueprint.plan, lanes: lanes, updates: blueprint.updates)
      try MemoryCheck(memory, setting: "--micro-batch (now \(microBatch))").settle()
      let measurement = try StepMeasurement(blueprint, lanes: lanes, seconds: seconds)
      let report = StepReport(network: network.name, measurement: measurement, peak: peak)
      if isJSON { report.printJSON() } else { report.printText(byLayer: showsLayers) }
    }
    if !isJSON { print(MeasuredWork.footnote(peak: peak)) }
  }

  /// Steps in which each lane has one micro-batch.
  ///
  /// - Throws: `RunError` if a layer does not fit its input, or a group matches nothing.
  package func blueprint(_ network: NetworkDescription) throws(RunError) -> Blueprint {
    var train = train
    (train.microBatch, train.globalBatch) = (microBatch, lanes * microBatch)
    (train.epochs, train.steps) = (nil, Self.steps)
    return try SyntheticRun.blueprint(network, train: train)
  }

  /// More than are ever measured.
  private static let steps = 1 << 30
}
