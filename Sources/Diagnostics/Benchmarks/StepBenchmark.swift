import Kernels
package import Network
package import Optimizers
package import Planner
package import Training

/// `bench step`: whole training steps, with the time of each kind of instruction or of each layer.
package struct StepBenchmark: Sendable {
  /// Samples of a micro-batch.
  package var microBatch: Int
  /// Micro-batches of a step, each computed by a lane of its own.
  package var lanes = 1
  /// Which values are computed a second time for the backward pass.
  package var recompute = RecomputeChoice.none
  /// What is frozen.
  package var groups: [ParameterGroup] = []
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
      let plan = try Self.plan(
        network, microBatch: microBatch, lanes: lanes, recompute: recompute, groups: groups)
      try MemoryCheck(RankMemory(plan: plan, lanes: lanes), setting: "--micro-batch (now \(microBatch))").settle()
      let report = StepReport(
        network: network.name, measurement: try StepMeasurement(plan, lanes: lanes, seconds: seconds), peak: peak)
      if isJSON { report.printJSON() } else { report.printText(byLayer: showsLayers) }
    }
    if !isJSON { print(MeasuredWork.footnote(peak: peak)) }
  }

  /// The plan of a step in which each lane has one micro-batch.
  ///
  /// - Throws: `RunError` if a layer does not fit its input, or a group matches nothing.
  package static func plan(
    _ network: NetworkDescription, microBatch: Int, lanes: Int, recompute: RecomputeChoice = .none,
    groups: [ParameterGroup] = []
  ) throws(RunError) -> StepPlan {
    var options = PlanOptions(microBatch: microBatch, microBatches: lanes)
    options.recompute = recompute
    do {
      return try Planner.plan(network, options: ParameterGroups(groups).freezing(options, of: network))
    } catch { throw RunError.unusable(error) }
  }
}
