import Optimizers
import Testing

/// The schedules that look at more than the step, and those that PyTorch has as closed forms.
@Suite struct ScheduleRuleTests {
  private func rates(_ schedule: Schedule, _ steps: [Int], of count: Int = 100) -> [Double] {
    steps.map { schedule.value(step: $0, of: count, stepsPerEpoch: 10).rate }
  }

  private func isClose(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-12 * max(abs($0), abs($1)) }
  }

  /// PolynomialLR(total_iters=100, power=2) on a rate of 0.5, in closed form.
  @Test func `polynomial takes a power of the way that is left`() {
    var rule = PolynomialSchedule()
    (rule.peak, rule.power) = (0.5, 2)
    #expect(isClose(rates(Schedule(rule), [0, 50, 90]), [0.5, 0.125, 0.005]))
  }

  /// ExponentialLR(gamma=0.5) for each epoch of ten steps.
  @Test func `exponential multiplies in each epoch`() {
    var rule = ExponentialSchedule()
    (rule.rate, rule.factor) = (0.4, 0.5)
    #expect(isClose(rates(Schedule(rule), [0, 10, 20, 30]), [0.4, 0.2, 0.1, 0.05]))
  }

  /// CosineAnnealingWarmRestarts(T_0=10, T_mult=2, eta_min=0): periods of 10, 20 and 40 steps.
  @Test func `cosine restarts with longer periods`() {
    var rule = CosineRestartsSchedule()
    (rule.peak, rule.firstEpochs, rule.multiplier) = (0.2, 1, 2)
    #expect(isClose(rates(Schedule(rule), [0, 5, 10, 20, 30, 50]), [0.2, 0.1, 0.2, 0.1, 0.2, 0.1]))
  }

  /// OneCycleLR's momentum goes from 0.95 to 0.85 and back.
  @Test func `one-cycle cycles the momentum when asked to`() {
    var rule = OneCycleSchedule()
    #expect(Schedule(rule).value(step: 0, of: 101, stepsPerEpoch: 10).momentum == nil)
    (rule.cyclesMomentum, rule.warmUpEpochs) = (true, 4)
    let momenta = [0, 40, 100].map { Schedule(rule).value(step: $0, of: 101, stepsPerEpoch: 10).momentum }
    #expect(momenta == [0.95, 0.85, 0.95])
  }

  /// ReduceLROnPlateau(factor=0.5, patience=1, cooldown=1), whose rates after each loss were worked out by hand.
  @Test func `plateau waits, falls and cools down`() {
    var rule = PlateauSchedule()
    (rule.rate, rule.factor, rule.patience, rule.cooldown) = (1, 0.5, 1, 1)
    var state = ScheduleState()
    let scales = [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.5].map { loss in
      state = rule.state(after: ScheduleScores(trainLoss: loss, testLoss: loss, testAccuracy: 0), state)
      return state.scale
    }
    #expect(scales == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25])
  }

  @Test func `the state of a plateau goes through words`() {
    let rule = PlateauSchedule()
    var state = ScheduleState()
    #expect(ScheduleState(words: state.words) == state)
    for loss in [2.0, 1, 1.5, .nan] {
      state = rule.state(after: ScheduleScores(trainLoss: loss, testLoss: loss, testAccuracy: 0), state)
      #expect(ScheduleState(words: state.words) == state)
    }
  }
}
