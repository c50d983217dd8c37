package import StrictYAML

/// The schedule of a configuration: one of the rules in the table.
package struct Schedule: YAMLChoice {
  /// The rule with its settings.
  package let rule: any ScheduleRule

  /// The choice of a rule.
  package init(_ rule: some ScheduleRule) { self.rule = rule }

  package static let subject = "schedule"
  package static let alternatives: [Alternative<Schedule>] = [
    alternative(ConstantSchedule.self), alternative(StepSchedule.self), alternative(ExponentialSchedule.self),
    alternative(InverseSquareRootSchedule.self),
    alternative(PiecewiseLinearSchedule.self), alternative(PolynomialSchedule.self), alternative(CosineSchedule.self),
    alternative(CosineRestartsSchedule.self), alternative(OneCycleSchedule.self), alternative(PlateauSchedule.self),
  ]

  private static func alternative<Rule: ScheduleRule>(_ type: Rule.Type) -> Alternative<Schedule> {
    Alternative(Rule.word, Rule.summary, type) {
      Schedule($0)
    } extract: {
      $0.rule as? Rule
    }
  }

  package static func == (a: Schedule, b: Schedule) -> Bool { AnyHashable(a.rule) == AnyHashable(b.rule) }

  package func hash(into hasher: inout Hasher) { hasher.combine(AnyHashable(rule)) }

  /// The learning rate of a step, and the momentum where the schedule cycles it.
  ///
  /// - Parameters:
  ///   - step: the step, from 0.
  ///   - steps: the number of steps of the run.
  ///   - stepsPerEpoch: samples of the dataset / samples of a global batch.
  ///   - state: what the schedule keeps of the evaluations so far.
  package func value(
    step: Int, of steps: Int, stepsPerEpoch: Double, state: ScheduleState = ScheduleState()
  ) -> ScheduleValue {
    let moment = ScheduleMoment(
      step: Double(step), steps: Double(steps), stepsPerEpoch: stepsPerEpoch,
      warmUp: (rule.warmUpEpochs * stepsPerEpoch).rounded(), state: state)
    let rate = rule.rate(at: moment)
    let isRising = !rule.risesByItself && moment.step < moment.warmUp
    return ScheduleValue(
      rate: isRising ? rate * (moment.step + 1) / moment.warmUp : rate, momentum: rule.momentum(at: moment))
  }
}

/// What a schedule says for a step.
package struct ScheduleValue: Hashable, Sendable {
  /// The learning rate.
  package let rate: Double
  /// The momentum in place of the optimizer's own; nil where the schedule leaves that alone.
  package let momentum: Double?
}
