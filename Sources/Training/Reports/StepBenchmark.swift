import Engine
import Kernels
package import Network
package import Planner
import Randomness

/// `bench step`: whole training steps on one core, with the time of each kind of instruction.
package enum StepBenchmark {
  /// Measures one model and prints.
  ///
  /// - Parameters:
  ///   - network: the model, on random images.
  ///   - microBatch: samples of a step; the step has one micro-batch.
  ///   - seconds: how long to measure.
  ///   - recompute: whether values are computed twice.
  /// - Throws: `RunError` if a layer does not fit its input or memory is short.
  package static func run(
    _ network: NetworkDescription, microBatch: Int, seconds: Double, recompute: RecomputeChoice = .none, asJSON: Bool
  ) throws(RunError) {
    do {
      try KernelSet.configure(.auto)
      var options = PlanOptions(microBatch: microBatch, microBatches: 1)
      options.bucketElements = 1 << 18
      options.recompute = recompute
      let plan = try Planner.plan(network, options: options)
      print(try measure(plan, network, seconds: seconds), network, plan, asJSON: asJSON)
    } catch {
      throw RunError.unusable(error)
    }
  }

  /// What was measured.
  private struct Measurement {
    var steps: [Double] = []
    var kinds: [String: (seconds: Double, calls: Int, flops: Double)] = [:]

    /// The median step in seconds.
    var median: Double {
      let sorted = steps.sorted()
      return sorted[sorted.count / 2]
    }
  }

  /// Adds up the time of each instruction.
  private struct Stopwatch: ProgramObserver {
    var seconds: [Double]
    private var started = ContinuousClock.now

    init(count: Int) { seconds = Array(repeating: 0, count: count) }

    mutating func before(_ index: Int) { started = ContinuousClock.now }

    mutating func after(_ index: Int, in executor: borrowing Executor) {
      seconds[index] += started.secondsUntilNow
    }

    mutating func bucketComplete(_ bucket: Int) {}
  }

  private static func measure(
    _ plan: StepPlan, _ network: NetworkDescription, seconds: Double
  ) throws -> Measurement {
    var executor = try Executor(plan: plan)
    var parameters = InitialParameters.values(plan.layout, seed: 1)
    var gradient = [Float](repeating: 0, count: plan.layout.count)
    var momentum = gradient
    let samples = SampleBatch(randomFor: plan.training, seed: 1)
    var stopwatch = Stopwatch(count: plan.training.instructions.count)
    var measurement = Measurement()
    var update = 0.0
    let warmUps = 2
    let began = ContinuousClock.now
    var step = 0
    while step < warmUps + 3 || began.secondsUntilNow < seconds {
      if step == warmUps { (stopwatch, update) = (Stopwatch(count: plan.training.instructions.count), 0) }
      let started = ContinuousClock.now
      let context = StepContext(seed: 1, step: step, globalBatch: samples.valid)
      _ = executor.train(
        samples, parameters: parameters, gradient: &gradient, context: context, observer: &stopwatch)
      let updating = ContinuousClock.now
      descend(gradient, &momentum, &parameters)
      update += updating.secondsUntilNow
      if step >= warmUps { measurement.steps.append(started.secondsUntilNow) }
      step += 1
    }
    for (index, instruction) in plan.training.instructions.enumerated() where stopwatch.seconds[index] > 0 {
      let kind = instruction.operation.kind
      var row = measurement.kinds[kind] ?? (0, 0, 0)
      row.seconds += stopwatch.seconds[index] / Double(measurement.steps.count)
      row.calls += 1
      row.flops += 2 * Double(instruction.operation.multiplyAdds * plan.training.batch)
      measurement.kinds[kind] = row
    }
    measurement.kinds["update"] = (update / Double(measurement.steps.count), 1, 0)
    return measurement
  }

  /// One update of the whole flat buffer, the trailer included; what becomes of its few numbers does not matter here.
  private static func descend(_ gradient: [Float], _ momentum: inout [Float], _ parameters: inout [Float]) {
    var velocity = momentum.mutableSpan
    var values = parameters.mutableSpan
    Optimizer.sgd(
      learningRate: 1e-6, momentum: 0.9, nesterov: false, weightDecay: 1e-4, gradient: gradient.span,
      momentumBuffer: &velocity, parameters: &values)
  }

  private static func print(
    _ measurement: Measurement, _ network: NetworkDescription, _ plan: StepPlan, asJSON: Bool
  ) {
    let median = measurement.median
    let rate = Double(plan.training.batch) / median
    let kinds = measurement.kinds.sorted { ($0.value.seconds, $1.key) > ($1.value.seconds, $0.key) }
    if asJSON {
      return Report.json([
        "model": .text(network.name), "micro-batch": .integer(plan.training.batch),
        "images-per-second": .number(rate), "step-milliseconds": .number(1e3 * median),
        "fastest-milliseconds": .number(1e3 * (measurement.steps.min() ?? 0)),
        "slowest-milliseconds": .number(1e3 * (measurement.steps.max() ?? 0)),
        "steps": .integer(measurement.steps.count), "kernels": .text(KernelSet.description),
        "milliseconds": .record(
          Dictionary(uniqueKeysWithValues: kinds.map { ($0.key, .number(1e3 * $0.value.seconds)) })),
      ])
    }
    Swift.print(
      "\(network.name), micro-batch \(plan.training.batch), \(KernelSet.description): "
        + "\(Display.decimal(rate, 0)) images/s, step \(Display.decimal(1e3 * median, 2)) ms (median of "
        + "\(measurement.steps.count), \(Display.decimal(1e3 * (measurement.steps.min() ?? 0), 2)) to "
        + "\(Display.decimal(1e3 * (measurement.steps.max() ?? 0), 2)))")
    let total = kinds.reduce(0) { $0 + $1.value.seconds }
    Report.table(
      ["instruction", "calls", "ms", "share", "GFLOP/s"],
      kinds.map { kind, row in
        [
          kind, String(row.calls), Display.decimal(1e3 * row.seconds, 3), Display.percent(row.seconds / total),
          row.flops > 0 ? Display.decimal(1e-9 * row.flops / row.seconds, 1) : "",
        ]
      })
    Swift.print("")
  }
}
