import Optimizers
import StrictYAML
import Testing

/// The schedules that look at more than the step, and those that PyTorch has as closed forms.
@Suite struct ScheduleRuleTests {
  private func rates(_ schedule: Schedule, _ steps: [Int], of count: Int = 100) -> [Double] {
    steps.map { schedule.value(step: $0, of: count, stepsPerEpoch: 10).rate }
  }

  private func isClose(_ a: [Double], _ b: [Double], within part: Double = 1e-12) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= part * max(abs($0), abs($1)) }
  }

  /// PolynomialLR(total_iters=80, power=1.7) on a rate of 0.5, from PyTorch 2.13 like all numbers here.
  @Test func `polynomial takes a power of the way that is left`() {
    var rule = PolynomialSchedule()
    (rule.peak, rule.power) = (0.5, 1.7)
    let expected = [0.5, 0.48942154271788896, 0.30660141306637995, 0.1538930516681145, 0.0002908821197868842]
    #expect(isClose(rates(Schedule(rule), [0, 1, 20, 40, 79], of: 80), expected, within: 1e-10))
    rule.final = 0.1
    #expect(isClose(rates(Schedule(rule), [0, 80], of: 80), [0.5, 0.1]))
  }

  /// ExponentialLR(gamma=0.5 ** 0.1), called at each step.
  @Test func `exponential multiplies in each epoch`() {
    var rule = ExponentialSchedule()
    (rule.rate, rule.factor) = (0.4, 0.5)
    let expected = [0.4, 0.24622888266898327, 0.07071067811865475, 0.02679433656340733]
    #expect(isClose(rates(Schedule(rule), [0, 7, 25, 39]), expected))
    rule.warmUpEpochs = 2
    #expect(isClose(rates(Schedule(rule), [9, 20, 27, 45]), [0.2] + expected.prefix(3)))
  }

  /// Vaswani et al., equation 3: min(1 / √t, t / W^1.5), scaled so that its largest value is the peak.
  @Test func `inverse square root rises and falls as in its paper`() {
    var rule = InverseSquareRootSchedule()
    (rule.peak, rule.warmUpEpochs) = (0.3, 2)
    let steps = [0, 1, 10, 19, 20, 45, 99]
    let paper = steps.map { step in
      0.3 * 20.0.squareRoot() * min(1 / Double(step + 1).squareRoot(), Double(step + 1) / (20 * 20.0.squareRoot()))
    }
    #expect(isClose(rates(Schedule(rule), steps), paper))
    rule.warmUpEpochs = 0
    #expect(isClose(rates(Schedule(rule), [0, 3, 99]), [0.3, 0.15, 0.03]))
  }

  /// CosineAnnealingWarmRestarts(T_0=15, T_mult=2, eta_min=0.01): periods of 15, 30 and 60 steps.
  @Test func `cosine restarts with longer periods`() {
    var rule = CosineRestartsSchedule()
    (rule.peak, rule.final, rule.firstEpochs, rule.multiplier) = (0.4, 0.01, 1.5, 2)
    let expected = [
      0.4, 0.3957387821430921, 0.014261217856907892, 0.4, 0.011068230403186687, 0.4, 0.01954397932244506,
    ]
    #expect(isClose(rates(Schedule(rule), [0, 1, 14, 15, 44, 45, 99]), expected))
    rule.multiplier = 1
    #expect(isClose(rates(Schedule(rule), [15, 31, 74, 90]), [0.4, expected[1], expected[2], 0.4]))
  }

  /// MultiStepLR(milestones=[25, 30, 80], gamma=0.2).
  @Test func `milestones take the place of equal steps`() {
    var rule = StepSchedule()
    (rule.rate, rule.factor, rule.milestones) = (0.5, 0.2, [2.5, 3, 8])
    #expect(isClose(rates(Schedule(rule), [24, 25, 29, 30, 79, 80, 99]), [0.5, 0.1, 0.1, 0.02, 0.02, 0.004, 0.004]))
  }

  /// numpy.interp([0, 10, 15, 20, 40, 70], [10, 20, 50], [0.1, 0.5, 0.2]).
  @Test func `piecewise-linear joins its points by straight lines`() {
    var rule = PiecewiseLinearSchedule()
    rule.points = [(1, 0.1), (2, 0.5), (5, 0.2)].map { epoch, rate in
      var point = PiecewiseLinearSchedule.Point()
      (point.epoch, point.rate) = (epoch, rate)
      return point
    }
    #expect(rule.problem() == nil)
    #expect(isClose(rates(Schedule(rule), [0, 10, 15, 20, 40, 70]), [0.1, 0.1, 0.3, 0.5, 0.3, 0.2]))
    rule.points.reverse()
    #expect(rule.problem() == "points must stand by rising epochs")
  }

  /// OneCycleLR(max_lr=0.4, total_steps=100, pct_start=0.3, div_factor=10, final_div_factor=50): rate and momentum.
  @Test func `one-cycle cycles the momentum when asked to`() {
    var rule = OneCycleSchedule()
    #expect(Schedule(rule).value(step: 0, of: 101, stepsPerEpoch: 10).momentum == nil)
    (rule.peak, rule.warmUpEpochs, rule.cyclesMomentum) = (0.4, 2.9, true)
    (rule.startDivisor, rule.finalDivisor) = (10, 50)
    let values = [0, 10, 29, 64, 99].map { Schedule(rule).value(step: $0, of: 100, stepsPerEpoch: 10) }
    #expect(isClose(values.map(\.rate), [0.04, 0.13568648067403777, 0.4, 0.2004, 0.0008]))
    #expect(isClose(values.compactMap(\.momentum), [0.95, 0.9234204220349895, 0.85, 0.9, 0.95]))
  }

  /// Losses that fall and scatter, for the plateaus.
  private static let losses = [
    4.074, 3.288, 2.844, 2.629, 2.298, 2.253, 1.6, 1.769, 1.98, 1.742, 1.841, 1.323, 1.499, 1.332,
    1.481, 1.473, 1.113, 1.215, 1.234, 1.599, 1.493, 1.115, 1.484, 1.077, 1.353, 1.049, 0.964, 1.477,
    1.072, 1.067, 1.52, 1.447, 1.091, 1.488, 1.229, 1.307, 1.018, 1.454, 1.3, 1.461,
  ]

  /// ReduceLROnPlateau's settings and the evaluations after which it changed a rate of 0.8.
  @Test(arguments: [
    ("{factor: 0.3, patience: 2, threshold: 0.02}", [9, 14, 19, 22, 29, 32, 35, 38], 5.2488e-05),
    (
      "{factor: 0.5, patience: 1, threshold: 0.1, threshold-mode: absolute, cooldown: 3, minimum: 0.01}",
      [8, 13, 18, 23, 28, 33, 38], 0.01
    ),
    ("{metric: test-accuracy, factor: 0.5, patience: 3, threshold: 0.05, cooldown: 1}", [10, 15, 20, 30, 35], 0.025),
    (
      "{metric: test-accuracy, factor: 0.25, patience: 0, threshold: 0.01, threshold-mode: absolute, cooldown: 2, "
        + "minimum: 0.001}", [5, 8, 12, 15, 18], 0.001
    ),
  ])
  func `plateau falls where PyTorch's does`(settings: String, changes: [Int], last: Double) throws {
    let tree = try YAMLTree(parsing: settings, source: "test")
    var rule = try PlateauSchedule(yaml: YAMLCursor(tree, source: "test"))
    rule.rate = 0.8
    var state = ScheduleState()
    let rates = Self.losses.map { loss in
      // The best accuracy goes with the lowest loss, with six digits as they were given to PyTorch.
      let accuracy = (1e6 / loss).rounded() / 1e6
      state = rule.state(after: ScheduleScores(trainLoss: .nan, testLoss: loss, testAccuracy: accuracy), state)
      #expect(state.isPossible)
      return Schedule(rule).value(step: 5, of: 100, stepsPerEpoch: 10, state: state).rate
    }
    // Below the minimum the factor goes on falling, and the rate does not.
    #expect(rates.indices.dropFirst().filter { rates[$0] != rates[$0 - 1] } == changes)
    #expect(isClose([rates.last ?? 0], [last]))
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
