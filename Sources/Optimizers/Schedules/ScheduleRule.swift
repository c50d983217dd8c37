import Foundation
package import StrictYAML

/// How the learning rate runs over the steps: the rule is a value, its settings are the keys below its word in
/// `train.schedule`.
///
/// A rate is a pure function of the moment, so that any step can be looked at without those before it. To add a rule: a
/// record that conforms, and its name in the table of `Schedule`.
package protocol ScheduleRule: YAMLRecord {
  /// The word that names the rule in a configuration.
  static var word: String { get }
  /// One line for tables and help.
  static var summary: String { get }

  /// Epochs in which the rate rises linearly from nearly zero.
  var warmUpEpochs: Double { get set }
  /// Whether the warm-up is a part of the rule's own curve; otherwise `Schedule` lets the rate rise.
  var risesByItself: Bool { get }
  /// The rate at a moment, and before the end of the warm-up the one that it leads to.
  func rate(at moment: ScheduleMoment) -> Double
  /// Whether the schedule cycles the momentum.
  var cyclesMomentum: Bool { get }
  /// The momentum at a moment; nil unless the schedule cycles it.
  func momentum(at moment: ScheduleMoment) -> Double?

  /// Evaluations that must follow one another before the schedule can change the rate; nil if it takes no note of them.
  var evaluationsToChange: Int? { get }
  /// What the schedule keeps after one more evaluation.
  func state(after scores: ScheduleScores, _ state: ScheduleState) -> ScheduleState
}

extension ScheduleRule {
  package var risesByItself: Bool { false }
  package var cyclesMomentum: Bool { false }
  package func momentum(at moment: ScheduleMoment) -> Double? { nil }
  package var evaluationsToChange: Int? { nil }
  package func state(after scores: ScheduleScores, _ state: ScheduleState) -> ScheduleState { state }

  /// The key that every rule has.
  static var warmUpField: Field<Self> {
    Field(
      "warm-up-epochs", \.warmUpEpochs, "epochs in which the rate rises linearly from nearly zero",
      check: ScheduleChecks.notNegative)
  }
}

/// A step of a run, for a schedule.
package struct ScheduleMoment: Hashable, Sendable {
  /// The step, from 0.
  let step: Double
  /// The steps of the run.
  let steps: Double
  /// Samples of the dataset / samples of a global batch.
  let stepsPerEpoch: Double
  /// The steps of the warm-up.
  let warmUp: Double
  /// What the schedule keeps of the evaluations so far.
  let state: ScheduleState

  /// Steps since the end of the warm-up; 0 before it.
  var steady: Double { max(0, step - warmUp) }
  /// The part of the way from the end of the warm-up to the end of the run.
  var progress: Double { steady / max(1, steps - warmUp) }
}

/// Checks and curves that several schedules need.
enum ScheduleChecks {
  static let positive = RuleChecks.positive
  static let notNegative: @Sendable (Double) -> String? = {
    $0 >= 0 && $0 <= 1e6 ? nil : "must be from 0 to 1000000"
  }
  static let factor: @Sendable (Double) -> String? = { $0 > 0 && $0 <= 1 ? nil : "must be above 0 and at most 1" }

  /// Half a cosine between two rates. Source: Loshchilov and Hutter, "SGDR", 2016, eq. 5.
  static func anneal(from start: Double, to end: Double, progress: Double) -> Double {
    end + (start - end) * (1 + cos(.pi * min(1, progress))) / 2
  }
}
