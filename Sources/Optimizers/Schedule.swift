import Foundation
package import StrictYAML

/// The learning rate as a pure function of the step.
package enum Schedule: YAMLChoice {
  /// The same rate throughout.
  case constant(ConstantSchedule)
  /// Multiplied by a factor every so many epochs.
  case step(StepSchedule)
  /// Half a cosine from the peak to the final rate.
  case cosine(CosineSchedule)
  /// Up to the peak and down to nearly nothing.
  case oneCycle(OneCycleSchedule)

  package static let subject = "schedule"
  package static let alternatives: [Alternative<Schedule>] = [
    Alternative("constant", "the same rate throughout", ConstantSchedule.self) {
      .constant($0)
    } extract: {
      if case .constant(let record) = $0 { record } else { nil }
    },
    Alternative("step", "multiplied by a factor every so many epochs", StepSchedule.self) {
      .step($0)
    } extract: {
      if case .step(let record) = $0 { record } else { nil }
    },
    Alternative("cosine", "half a cosine from the peak to the final rate", CosineSchedule.self) {
      .cosine($0)
    } extract: {
      if case .cosine(let record) = $0 { record } else { nil }
    },
    Alternative("one-cycle", "up to the peak and down to nearly nothing", OneCycleSchedule.self) {
      .oneCycle($0)
    } extract: {
      if case .oneCycle(let record) = $0 { record } else { nil }
    },
  ]

  /// The learning rate of a step.
  ///
  /// - Parameters:
  ///   - step: the step, from 0.
  ///   - steps: the number of steps of the run.
  ///   - stepsPerEpoch: samples of the dataset / samples of a global batch.
  package func rate(step: Int, of steps: Int, stepsPerEpoch: Double) -> Double {
    let warmUp = (warmUpEpochs * stepsPerEpoch).rounded()
    let position = Double(step)
    if case .oneCycle(let record) = self { return record.rate(position, steps: Double(steps), warmUp: warmUp) }
    let target = steady(position, steps: Double(steps), stepsPerEpoch: stepsPerEpoch, warmUp: warmUp)
    return position < warmUp ? target * (position + 1) / warmUp : target
  }

  /// Epochs in which the rate rises.
  package var warmUpEpochs: Double {
    switch self {
    case .constant(let record): record.warmUpEpochs
    case .step(let record): record.warmUpEpochs
    case .cosine(let record): record.warmUpEpochs
    case .oneCycle(let record): record.warmUpEpochs
    }
  }

  /// The rate that holds after the warm-up; during it, the rate that it leads to.
  private func steady(_ position: Double, steps: Double, stepsPerEpoch: Double, warmUp: Double) -> Double {
    switch self {
    case .constant(let record): return record.rate
    case .step(let record):
      return record.rate * pow(record.factor, (position / (record.everyEpochs * stepsPerEpoch)).rounded(.down))
    case .cosine(let record):
      let progress = max(0, position - warmUp) / max(1, steps - warmUp)
      return Schedule.anneal(from: record.peak, to: record.final, progress: progress)
    case .oneCycle: preconditionFailure("the one-cycle schedule has its warm-up built in")
    }
  }

  /// Half a cosine between two rates. Source: Loshchilov and Hutter, "SGDR", 2016, eq. 5.
  static func anneal(from start: Double, to end: Double, progress: Double) -> Double {
    end + (start - end) * (1 + cos(.pi * min(1, progress))) / 2
  }
}

/// The keys of the schedule `constant`.
package struct ConstantSchedule: YAMLRecord {
  /// The learning rate.
  package var rate = 0.1
  /// Epochs in which the rate rises linearly from nearly zero.
  package var warmUpEpochs = 0.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("rate", \.rate, "the learning rate", check: RateChecks.rate),
    Field("warm-up-epochs", \.warmUpEpochs, RateChecks.warmUpSummary, check: RateChecks.warmUp),
  ]
}

/// The keys of the schedule `step`.
package struct StepSchedule: YAMLRecord {
  /// The first learning rate.
  package var rate = 0.1
  /// Epochs between two changes.
  package var everyEpochs = 30.0
  /// What the rate is multiplied by.
  package var factor = 0.1
  /// Epochs in which the rate rises linearly from nearly zero.
  package var warmUpEpochs = 0.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("rate", \.rate, "the first learning rate", check: RateChecks.rate),
    Field("every-epochs", \.everyEpochs, "epochs between two changes", check: RateChecks.rate),
    Field("factor", \.factor, "what the rate is multiplied by", check: RateChecks.rate),
    Field("warm-up-epochs", \.warmUpEpochs, RateChecks.warmUpSummary, check: RateChecks.warmUp),
  ]
}

/// The keys of the schedule `cosine`.
package struct CosineSchedule: YAMLRecord {
  /// The highest learning rate.
  package var peak = 0.1
  /// The rate at the end.
  package var final = 0.0
  /// Epochs in which the rate rises linearly from nearly zero.
  package var warmUpEpochs = 0.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("peak", \.peak, "the highest learning rate", check: RateChecks.rate),
    Field("final", \.final, "the rate at the end", check: RateChecks.warmUp),
    Field("warm-up-epochs", \.warmUpEpochs, RateChecks.warmUpSummary, check: RateChecks.warmUp),
  ]
}

/// The keys of the schedule `one-cycle`: half a cosine up from peak/25 during the warm-up, then half a cosine down to
/// peak/250,000.
///
/// Source: Smith and Topin, "Super-convergence", 2017, with PyTorch's divisors and cosines.
package struct OneCycleSchedule: YAMLRecord {
  /// The highest learning rate.
  package var peak = 0.03
  /// Epochs until the peak.
  package var warmUpEpochs = 1.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("peak", \.peak, "the highest learning rate", check: RateChecks.rate),
    Field("warm-up-epochs", \.warmUpEpochs, "epochs until the peak", check: RateChecks.warmUp),
  ]

  /// The rate at a step, `warmUp` being the steps until the peak.
  func rate(_ position: Double, steps: Double, warmUp: Double) -> Double {
    let start = peak / 25
    if position < warmUp { return Schedule.anneal(from: start, to: peak, progress: position / warmUp) }
    return Schedule.anneal(from: peak, to: start / 1e4, progress: (position - warmUp) / max(1, steps - 1 - warmUp))
  }
}

private enum RateChecks {
  static let warmUpSummary = "epochs in which the rate rises linearly from nearly zero"
  static let rate: @Sendable (Double) -> String? = { $0 > 0 && $0 <= 1e6 ? nil : "must be above 0 and at most 1000000" }
  static let warmUp: @Sendable (Double) -> String? = { $0 >= 0 && $0 <= 1e6 ? nil : "must be from 0 to 1000000" }
}
