import Kernels
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
  /// Mean seconds of waiting for the other lanes.
  let waiting: Double
  /// Mean seconds of adding the lanes' gradients and of the update.
  let update: Double

  /// Steps that do not count: caches, page tables and the clock of the core have to settle.
  private static let warmUps = 2
  private static let fewestSteps = 3

  /// Measures for about so many seconds.
  ///
  /// - Throws: `RunError` if memory is short.
  init(_ plan: StepPlan, lanes: Int, seconds: Double) throws(RunError) {
    let team = try StepTeam(plan: plan, lanes: lanes)
    defer { team.end() }
    for step in 0..<Self.warmUps { _ = team.step(step) }
    team.resetTimes()
    var timings: [StepTeam.Timing] = []
    let began = ContinuousClock.now
    while timings.count < Self.fewestSteps || began.secondsUntilNow < seconds {
      timings.append(team.step(Self.warmUps + timings.count))
    }
    let count = Double(timings.count)
    self.plan = plan
    self.lanes = lanes
    steps = timings.map(\.whole).sorted()
    instructions = team.seconds.map { $0 / count }
    waiting = timings.reduce(0) { $0 + $1.waiting } / count
    update = timings.reduce(0) { $0 + $1.update } / count
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
