import Foundation
package import StrictYAML

/// The keys of the schedule `constant`.
package struct ConstantSchedule: ScheduleRule {
  package static let word = "constant"
  package static let summary = "the same rate throughout"

  /// The learning rate.
  package var rate = 0.1
  package var warmUpEpochs = 0.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("rate", \.rate, "the learning rate", check: ScheduleChecks.positive), warmUpField,
  ]

  package func rate(at moment: ScheduleMoment) -> Double { rate }
}

/// The keys of the schedule `step`: a stair, with all steps of the same length or given one by one.
///
/// As PyTorch's StepLR and MultiStepLR.
package struct StepSchedule: ScheduleRule {
  package static let word = "step"
  package static let summary = "multiplied by a factor every so many epochs, or at given ones"

  /// The first learning rate.
  package var rate = 0.1
  /// Epochs between two changes.
  package var everyEpochs = 30.0
  /// The epochs of the changes, in place of `everyEpochs`.
  package var milestones: [Double] = []
  /// What the rate is multiplied by.
  package var factor = 0.1
  package var warmUpEpochs = 0.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("rate", \.rate, "the first learning rate", check: ScheduleChecks.positive),
    Field("every-epochs", \.everyEpochs, "epochs between two changes", check: ScheduleChecks.positive),
    Field(
      "milestones", \.milestones, "the epochs of the changes, one by one, in place of every-epochs",
      check: { $0.lazy.compactMap(ScheduleChecks.positive).first }),
    Field("factor", \.factor, "what the rate is multiplied by", check: ScheduleChecks.positive),
    warmUpField,
  ]

  package func rate(at moment: ScheduleMoment) -> Double { rate * pow(factor, changes(before: moment)) }

  private func changes(before moment: ScheduleMoment) -> Double {
    guard milestones.isEmpty else {
      return Double(milestones.count { $0 * moment.stepsPerEpoch <= moment.step })
    }
    return (moment.step / (everyEpochs * moment.stepsPerEpoch)).rounded(.down)
  }
}

/// The keys of the schedule `exponential`: η·γᵉ, e epochs after the warm-up, falling at each step and not only at the
/// ends of epochs as PyTorch's ExponentialLR does.
package struct ExponentialSchedule: ScheduleRule {
  package static let word = "exponential"
  package static let summary = "multiplied by a factor in each epoch, a little at each step"

  /// The first learning rate.
  package var rate = 0.1
  /// What the rate is multiplied by in an epoch (γ).
  package var factor = 0.95
  package var warmUpEpochs = 0.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("rate", \.rate, "the first learning rate", check: ScheduleChecks.positive),
    Field("factor", \.factor, "what the rate is multiplied by in an epoch", check: ScheduleChecks.factor),
    warmUpField,
  ]

  package func rate(at moment: ScheduleMoment) -> Double { rate * pow(factor, moment.steady / moment.stepsPerEpoch) }
}

/// The keys of the schedule `piecewise-linear`: straight lines between points, level before the first and after the
/// last.
package struct PiecewiseLinearSchedule: ScheduleRule {
  package static let word = "piecewise-linear"
  package static let summary = "straight lines between given points"

  /// The points, by rising epochs.
  package var points: [Point] = []
  package var warmUpEpochs = 0.0
  package init() {}

  /// A rate that is reached at an epoch.
  package struct Point: YAMLRecord {
    /// Epochs from the start of the run.
    package var epoch = 0.0
    /// The learning rate there.
    package var rate = 0.0
    package init() {}
    package static let fields: [Field<Self>] = [
      Field("epoch", \.epoch, "epochs from the start of the run", required: true, check: ScheduleChecks.notNegative),
      Field("rate", \.rate, "the learning rate there", required: true, check: ScheduleChecks.notNegative),
    ]
  }

  package static let fields: [Field<Self>] = [
    Field("points", \.points, "the points, as in [{epoch: 0, rate: 0}, {epoch: 5, rate: 0.4}]", required: true),
    warmUpField,
  ]

  package func problem() -> String? {
    if points.isEmpty { return "points must have at least one point" }
    if !points.contains(where: { $0.rate > 0 }) { return "points must have a rate above 0" }
    let isRising = zip(points, points.dropFirst()).allSatisfy { $0.epoch < $1.epoch }
    return isRising ? nil : "points must stand by rising epochs"
  }

  package func rate(at moment: ScheduleMoment) -> Double {
    let epoch = moment.step / moment.stepsPerEpoch
    guard let first = points.first, let last = points.last else { return 0 }
    guard let right = points.firstIndex(where: { $0.epoch > epoch }) else { return last.rate }
    guard right > 0 else { return first.rate }
    let (a, b) = (points[right - 1], points[right])
    return a.rate + (b.rate - a.rate) * (epoch - a.epoch) / (b.epoch - a.epoch)
  }
}

/// The keys of the schedule `inverse-square-root`: η·√(W / t) after a warm-up of W steps, W being 1 without one.
///
/// Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, equation 3, with the peak in place of its factor.
package struct InverseSquareRootSchedule: ScheduleRule {
  package static let word = "inverse-square-root"
  package static let summary = "falls as the inverse square root of the step, after the warm-up"

  /// The rate at the end of the warm-up.
  package var peak = 0.1
  package var warmUpEpochs = 0.0
  package init() {}
  package static let fields: [Field<Self>] = [
    Field("peak", \.peak, "the rate at the end of the warm-up", check: ScheduleChecks.positive), warmUpField,
  ]

  package func rate(at moment: ScheduleMoment) -> Double {
    let first = max(1, moment.warmUp)
    return peak * (first / max(first, moment.step + 1)).squareRoot()
  }
}
