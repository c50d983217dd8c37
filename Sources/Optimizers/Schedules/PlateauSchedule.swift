package import StrictYAML

/// The most evaluations that can be waited for.
private let limit = 1_000_000

/// The keys of the schedule `plateau`: multiplied by a factor when the evaluations have not become better for a while.
///
/// As PyTorch's ReduceLROnPlateau, which knows no warm-up; its `eps`, by which changes of less than 1e-8 are left out,
/// is left out itself.
package struct PlateauSchedule: ScheduleRule {
  package static let word = "plateau"
  package static let summary = "multiplied by a factor when evaluations do not become better"

  /// What is watched at each evaluation.
  package enum Metric: String, CaseIterable, YAMLValue {
    /// The mean loss over the test samples.
    case testLoss = "test-loss"
    /// The share of test samples that are classified rightly.
    case testAccuracy = "test-accuracy"
    /// The mean training loss since the evaluation before.
    case trainLoss = "train-loss"
  }

  /// How far a score must pass the best one to count as better.
  package enum ThresholdMode: String, CaseIterable, YAMLValue {
    /// By a part of the best score.
    case relative
    /// By a fixed amount.
    case absolute
  }

  /// The first learning rate.
  package var rate = 0.1
  /// What the rate is multiplied by.
  package var factor = 0.1
  /// Evaluations without a better score that are borne.
  package var patience = 10
  /// How much better a score must be to count.
  package var threshold = 1e-4
  package var thresholdMode = ThresholdMode.relative
  /// Evaluations after a change that are not counted.
  package var cooldown = 0
  /// The lowest learning rate.
  package var minimum = 0.0
  package var metric = Metric.testLoss
  package var warmUpEpochs = 0.0
  package init() {}

  package static let fields: [Field<Self>] = [
    Field("rate", \.rate, "the first learning rate", check: ScheduleChecks.positive),
    Field(
      "factor", \.factor, "what the rate is multiplied by",
      check: { $0 > 0 && $0 < 1 ? nil : "must be above 0 and below 1" }),
    Field("patience", \.patience, "evaluations without a better score that change nothing yet", check: count),
    Field("threshold", \.threshold, "how much better a score must be to count", check: ScheduleChecks.notNegative),
    Field("threshold-mode", \.thresholdMode, "whether the threshold is a part of the best score or an amount"),
    Field("cooldown", \.cooldown, "evaluations after a change that are not counted", check: count),
    Field("minimum", \.minimum, "the lowest learning rate", check: ScheduleChecks.notNegative),
    Field("metric", \.metric, "what is watched at each evaluation"),
    warmUpField,
  ]

  private static let count: @Sendable (Int) -> String? = {
    (0...limit).contains($0) ? nil : "must be from 0 to 1000000"
  }

  package func problem() -> String? { minimum <= rate ? nil : "minimum must be at most rate" }

  package func rate(at moment: ScheduleMoment) -> Double { max(minimum, rate * moment.state.scale) }

  package var evaluationsToChange: Int? { patience + 1 }

  package func state(after scores: ScheduleScores, _ state: ScheduleState) -> ScheduleState {
    var state = state
    let score = scores[metric]
    if isBetter(score, than: state.best) {
      (state.best, state.waited) = (score, 0)
    } else {
      state.waited += 1
    }
    if state.cooldown > 0 { (state.cooldown, state.waited) = (state.cooldown - 1, 0) }
    if state.waited > patience {
      (state.scale, state.cooldown, state.waited) = (state.scale * factor, cooldown, 0)
    }
    return state
  }

  private func isBetter(_ score: Double, than best: Double?) -> Bool {
    switch (metric, thresholdMode) {
    case (.testAccuracy, .relative): score > (best ?? -.infinity) * (1 + threshold)
    case (.testAccuracy, .absolute): score > (best ?? -.infinity) + threshold
    case (.testLoss, .relative), (.trainLoss, .relative): score < (best ?? .infinity) * (1 - threshold)
    case (.testLoss, .absolute), (.trainLoss, .absolute): score < (best ?? .infinity) - threshold
    }
  }
}

/// The scores of an evaluation, for a schedule.
package struct ScheduleScores: Hashable, Sendable {
  private let trainLoss: Double
  private let testLoss: Double
  private let testAccuracy: Double

  /// The scores of an evaluation; `trainLoss` is the mean since the evaluation before.
  package init(trainLoss: Double, testLoss: Double, testAccuracy: Double) {
    (self.trainLoss, self.testLoss, self.testAccuracy) = (trainLoss, testLoss, testAccuracy)
  }

  fileprivate subscript(metric: PlateauSchedule.Metric) -> Double {
    switch metric {
    case .testLoss: testLoss
    case .testAccuracy: testAccuracy
    case .trainLoss: trainLoss
    }
  }
}

/// What a schedule keeps of the evaluations so far: it follows from them alone, and all ranks have the same.
package struct ScheduleState: Hashable, Codable, Sendable {
  /// What the rate is multiplied by.
  package var scale = 1.0
  /// The best score so far; nil before the first.
  var best: Double?
  /// Evaluations since the best score or the last change.
  var waited = 0
  /// Evaluations that are still not counted.
  var cooldown = 0

  /// The state before the first evaluation.
  package init() {}

  /// Whether a run can have come to the state; that of a file may be anything.
  package var isPossible: Bool {
    (0...1).contains(scale) && best?.isFinite ?? true && (0...limit).contains(waited) && (0...limit).contains(cooldown)
  }

  /// The state under other settings: the factor stays, and what was counted is counted anew.
  package var restarted: ScheduleState {
    var state = ScheduleState()
    state.scale = scale
    return state
  }

  /// The state as four words, for messages between ranks.
  package var words: [UInt64] {
    // A score that is not a number never is the best.
    [scale.bitPattern, (best ?? .nan).bitPattern, UInt64(waited), UInt64(cooldown)]
  }

  /// The state that `words` gave.
  package init(words: [UInt64]) {
    precondition(words.count == Self.wordCount, "the state of a schedule has \(Self.wordCount) words")
    scale = Double(bitPattern: words[0])
    best = Double(bitPattern: words[1]).isNaN ? nil : Double(bitPattern: words[1])
    (waited, cooldown) = (Int(words[2]), Int(words[3]))
  }

  /// The number of `words`.
  package static let wordCount = 4
}
