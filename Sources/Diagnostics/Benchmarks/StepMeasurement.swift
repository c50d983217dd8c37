import Kernels
import Optimizers
import Planner
import Training

/// The times of a model's steps.
struct StepMeasurement {
  /// What was measured.
  let plan: StepPlan
  /// Micro-batches of a step, each on a lane of its own.
  let lanes: Int
  /// Seconds of each step, in ascending order.
  let steps: [Double]
  /// Mean seconds of each instruction on the first lane.
  let instructions: [Double]
  /// Floats that the update reads and writes for each parameter.
  let updateTraffic: Int
  /// Mean seconds of each part of a step.
  let timing: StepTiming

  /// Steps that do not count: caches, page tables and the clock of the core have to settle.
  private static let warmUps = 2
  private static let fewestSteps = 3

  /// Measures for about so many seconds.
  ///
  /// - Throws: `RunError` if memory is short.
  init(_ blueprint: Blueprint, lanes: Int, seconds: Double) throws(RunError) {
    let worker = try SyntheticRun.worker(blueprint, lanes: lanes)
    defer { worker.end() }
    let stopwatch = Stopwatch(count: blueprint.plan.training.instructions.count)
    for step in 0..<Self.warmUps { _ = try worker.step(step, votes: Votes()) }
    var walls: [Double] = []
    var sum = StepTiming()
    let began = ContinuousClock.now
    while walls.count < Self.fewestSteps || began.secondsUntilNow < seconds {
      _ = try worker.step(Self.warmUps + walls.count, votes: Votes(), inspector: stopwatch)
      walls.append(worker.timing.wall)
      sum += worker.timing
    }
    plan = blueprint.plan
    updateTraffic = blueprint.updates.trafficPerParameter
    self.lanes = lanes
    steps = walls.sorted()
    let count = Double(walls.count)
    instructions = stopwatch.seconds.map { $0 / count }
    timing = sum.divided(by: count)
  }

  /// Mean seconds of what is neither an instruction nor waiting nor an update: the digests of the gradients, and
  /// handing the work to the lanes.
  var other: Double {
    max(0, timing.wall - instructions.reduce(0, +) - timing.lanes - timing.reducing - timing.exchange)
  }

  /// The median step in seconds.
  var median: Double { steps[steps.count / 2] }

  /// Images of a step.
  var images: Int { lanes * plan.training.batch }

  /// Images a second.
  var imagesPerSecond: Double { Double(images) / median }

  /// Images a second of the forward pass alone, as in an evaluation.
  var forwardImagesPerSecond: Double {
    let forward = zip(plan.training.instructions, instructions).filter { $0.0.pass == .forward }
    return Double(images) / forward.reduce(0) { $0 + $1.1 }
  }

  /// The arithmetic of the median step.
  var work: MeasuredWork {
    MeasuredWork(seconds: median, flops: plan.training.flops * images, bytes: 0)
  }
}
