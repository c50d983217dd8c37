import Foundation
package import StrictYAML

/// The keys of the schedule `polynomial`: final + (peak − final)·(1 − p)^power, p from 0 after the warm-up to 1 at the
/// end of the run.
///
/// As PyTorch's PolynomialLR where `final` is 0; power 1 is a straight line.
package struct PolynomialSchedule: ScheduleRule {
  package static let word = "polynomial"
  package static let summary = "a power of the way that is left, from the peak to the final rate"

  /// The highest learning rate.
  package var peak = 0.1
  /// The rate at the end.
  package var final = 0.0
  /// The exponent.
  package var power = 1.0
  package var warmUpEpochs = 0.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("peak", \.peak, "the highest learning rate", check: ScheduleChecks.positive),
    Field("final", \.final, "the rate at the end", check: ScheduleChecks.notNegative),
    Field("power", \.power, "the exponent; 1 is a straight line", check: ScheduleChecks.positive),
    warmUpField,
  ]

  package func rate(at moment: ScheduleMoment) -> Double {
    final + (peak - final) * pow(max(0, 1 - moment.progress), power)
  }
}

/// The keys of the schedule `cosine`.
package struct CosineSchedule: ScheduleRule {
  package static let word = "cosine"
  package static let summary = "half a cosine from the peak to the final rate"

  /// The highest learning rate.
  package var peak = 0.1
  /// The rate at the end.
  package var final = 0.0
  package var warmUpEpochs = 0.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("peak", \.peak, "the highest learning rate", check: ScheduleChecks.positive),
    Field("final", \.final, "the rate at the end", check: ScheduleChecks.notNegative),
    warmUpField,
  ]

  package func rate(at moment: ScheduleMoment) -> Double {
    ScheduleChecks.anneal(from: peak, to: final, progress: moment.progress)
  }
}

/// The keys of the schedule `cosine-restarts`: half a cosine again and again, each period longer than the one before.
///
/// Source: Loshchilov and Hutter, "SGDR", 2016, as PyTorch's CosineAnnealingWarmRestarts; counted in steps, so that a
/// period need not end with an epoch.
package struct CosineRestartsSchedule: ScheduleRule {
  package static let word = "cosine-restarts"
  package static let summary = "half a cosine from the peak to the final rate, again and again"

  /// The highest learning rate.
  package var peak = 0.1
  /// The rate at the end of a period.
  package var final = 0.0
  /// Epochs of the first period.
  package var firstEpochs = 10.0
  /// The length of a period in those of the one before.
  package var multiplier = 1
  package var warmUpEpochs = 0.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("peak", \.peak, "the highest learning rate", check: ScheduleChecks.positive),
    Field("final", \.final, "the rate at the end of a period", check: ScheduleChecks.notNegative),
    Field("first-epochs", \.firstEpochs, "epochs of the first period", check: ScheduleChecks.positive),
    Field(
      "multiplier", \.multiplier, "how many times longer each period is than the one before",
      check: { (1...1000).contains($0) ? nil : "must be from 1 to 1000" }),
    warmUpField,
  ]

  package func rate(at moment: ScheduleMoment) -> Double {
    ScheduleChecks.anneal(from: peak, to: final, progress: progress(at: moment))
  }

  /// The part of its period that a moment lies at, from 0 to below 1.
  private func progress(at moment: ScheduleMoment) -> Double {
    var (position, length) = (moment.steady, firstEpochs * moment.stepsPerEpoch)
    guard multiplier > 1 else { return position.truncatingRemainder(dividingBy: length) / length }
    while position >= length {
      position -= length
      length *= Double(multiplier)
    }
    return position / length
  }
}

/// The keys of the schedule `one-cycle`: half a cosine up from peak/25 during the warm-up, then half a cosine down to
/// peak/250,000; if wanted, the momentum the other way round.
///
/// Source: Smith and Topin, "Super-convergence", 2017, with PyTorch's divisors and cosines.
package struct OneCycleSchedule: ScheduleRule {
  package static let word = "one-cycle"
  package static let summary = "up to the peak and down to nearly nothing"

  /// The highest learning rate.
  package var peak = 0.03
  package var warmUpEpochs = 1.0
  /// The peak / the first rate.
  package var startDivisor = 25.0
  /// The first rate / the last one.
  package var finalDivisor = 1e4
  package var cyclesMomentum = false
  /// The momentum at the peak of the rate.
  package var baseMomentum = 0.85
  /// The momentum at the start and at the end.
  package var maxMomentum = 0.95
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("peak", \.peak, "the highest learning rate", check: ScheduleChecks.positive),
    Field("warm-up-epochs", \.warmUpEpochs, "epochs until the peak", check: ScheduleChecks.notNegative),
    Field("start-divisor", \.startDivisor, "the peak / the first rate", check: divisor),
    Field("final-divisor", \.finalDivisor, "the first rate / the last one", check: divisor),
    Field("cycle-momentum", \.cyclesMomentum, "whether the momentum falls and rises again as the rate rises and falls"),
    Field("base-momentum", \.baseMomentum, "the momentum at the peak of the rate", check: RuleChecks.fraction),
    Field("max-momentum", \.maxMomentum, "the momentum at the start and at the end", check: RuleChecks.fraction),
  ]

  private static let divisor: @Sendable (Double) -> String? = {
    $0 >= 1 && $0 <= 1e12 ? nil : "must be from 1 to 1000000000000"
  }

  package func problem() -> String? {
    baseMomentum <= maxMomentum ? nil : "base-momentum must be at most max-momentum"
  }

  package var risesByItself: Bool { true }

  package func rate(at moment: ScheduleMoment) -> Double {
    let start = peak / startDivisor
    return cycle(from: start, through: peak, to: start / finalDivisor, at: moment)
  }

  package func momentum(at moment: ScheduleMoment) -> Double? {
    cyclesMomentum ? cycle(from: maxMomentum, through: baseMomentum, to: maxMomentum, at: moment) : nil
  }

  private func cycle(from start: Double, through middle: Double, to end: Double, at moment: ScheduleMoment) -> Double {
    if moment.step < moment.warmUp {
      return ScheduleChecks.anneal(from: start, to: middle, progress: moment.step / moment.warmUp)
    }
    let progress = (moment.step - moment.warmUp) / max(1, moment.steps - 1 - moment.warmUp)
    return ScheduleChecks.anneal(from: middle, to: end, progress: progress)
  }
}
