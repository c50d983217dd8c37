import Checkpoints
import Configuration
import Datasets
import Optimizers

/// A learning rate that does not go on where it was when a run is resumed with another length or schedule.
struct ScheduleJump {
  private let step: Int
  private let expected: Double
  private let found: Double

  /// The jump between the schedule of a checkpoint and that of the run that goes on; nil if there is none.
  init?(from saved: RunState, to blueprint: Blueprint) {
    let train = saved.identity.configuration.train
    let samples = saved.identity.data.train.count
    let steps = train.stepCount(samples: samples)
    guard saved.step < blueprint.steps else { return nil }
    step = saved.step
    // A run that was at its end would have stayed at its last rate.
    let scale = saved.schedule ?? ScheduleState()
    expected =
      train.schedule.value(
        step: min(step, steps - 1), of: steps, stepsPerEpoch: Double(samples) / Double(train.globalBatch), state: scale
      ).rate
    found = blueprint.rate(step: step, state: scale)
    guard abs(found - expected) > 0.01 * max(abs(found), abs(expected)) else { return nil }
  }

  /// The sentence.
  var notice: String {
    "the learning rate jumps at step \(step) from \(Display.scientific(expected)) to \(Display.scientific(found)), "
      + "since the schedule is another one or is stretched over another number of steps; keep train.epochs and "
      + "train.schedule, or give a schedule that goes on from there"
  }
}
