import Configuration
import Foundation
import Optimizers
import Randomness
import Testing

/// The learning rate, against PyTorch 2.13's schedulers and numbers worked out by hand. All in double precision;
/// PyTorch's chained form of the cosine differs from the closed one by a few units in the last place, hence 1e-12
/// relative.
@Suite struct ScheduleTests {
  private func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-12 * max(abs(a), abs(b)) }

  private func expect(
    _ schedule: Schedule, of steps: Int, stepsPerEpoch: Double = 10, rates: [(step: Int, rate: Double)],
    at location: SourceLocation = #_sourceLocation
  ) {
    for (step, rate) in rates {
      let actual = schedule.value(step: step, of: steps, stepsPerEpoch: stepsPerEpoch).rate
      #expect(isClose(actual, rate), "step \(step): \(actual), not \(rate)", sourceLocation: location)
    }
  }

  @Test func `the constant schedule is flat behind its warm-up`() {
    var record = ConstantSchedule()
    record.rate = 0.3
    expect(Schedule(record), of: 50, rates: [(0, 0.3), (7, 0.3), (49, 0.3)])
    record.warmUpEpochs = 0.5
    expect(Schedule(record), of: 50, rates: [(0, 0.06), (1, 0.12), (4, 0.3), (5, 0.3), (49, 0.3)])
  }

  /// StepLR(step_size=25, gamma=0.2) on a rate of 0.5.
  @Test func `the step schedule multiplies by its factor at each stage`() {
    var record = StepSchedule()
    (record.rate, record.everyEpochs, record.factor) = (0.5, 2.5, 0.2)
    expect(
      Schedule(record), of: 100,
      rates: [(0, 0.5), (24, 0.5), (25, 0.1), (49, 0.1), (50, 0.02), (75, 0.004), (99, 0.004)])
    record.warmUpEpochs = 1
    expect(Schedule(record), of: 100, rates: [(0, 0.05), (9, 0.5), (10, 0.5), (24, 0.5), (25, 0.1), (99, 0.004)])
  }

  /// CosineAnnealingLR(T_max=80, eta_min=0.01) on a rate of 0.5.
  private let cosineRates = [
    (0, 0.5), (1, 0.49981111387897714), (20, 0.4282411613907043), (40, 0.25500000000000006),
    (60, 0.08175883860929589), (79, 0.010188886121022889),
  ]

  @Test func `the cosine schedule falls from the peak to the final rate`() {
    var record = CosineSchedule()
    (record.peak, record.final) = (0.5, 0.01)
    expect(Schedule(record), of: 80, rates: cosineRates)
    record.warmUpEpochs = 2
    let warmUp = [(0, 0.025), (9, 0.25), (19, 0.5)]
    expect(Schedule(record), of: 100, rates: warmUp + cosineRates.map { ($0.0 + 20, $0.1) })
  }

  /// OneCycleLR(max_lr=0.4, total_steps=100, pct_start=0.3): PyTorch puts the peak at step 0.3 · 100 - 1 = 29.
  @Test func `one-cycle climbs to its peak and falls`() {
    var record = OneCycleSchedule()
    (record.peak, record.warmUpEpochs) = (0.4, 2.9)
    expect(
      Schedule(record), of: 100,
      rates: [
        (0, 0.016000000000000014), (1, 0.017125512226362993), (10, 0.11806557938564033), (28, 0.39887448777363704),
        (29, 0.4), (30, 0.39979861411380974), (64, 0.2000008), (98, 0.0002029858861903152), (99, 1.6e-06),
      ])
  }

  @Test func `one-cycle without warm-up starts at the peak`() {
    var record = OneCycleSchedule()
    (record.peak, record.warmUpEpochs) = (0.4, 0)
    expect(Schedule(record), of: 10, rates: [(0, 0.4), (9, 1.6e-06)])
  }

  @Test func `a run shorter than its warm-up only climbs`() {
    var record = OneCycleSchedule()
    (record.peak, record.warmUpEpochs) = (0.4, 4)
    let rates = (0..<10).map { Schedule(record).value(step: $0, of: 10, stepsPerEpoch: 10).rate }
    #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 < $1 })
    #expect(rates.allSatisfy { $0 < 0.4 })
  }

  /// Whatever the settings: a finite rate from zero to the highest one, which is reached at the end of the warm-up.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func `rates stay within their bounds`(seed: UInt64) {
    var random = RandomConfiguration(seed: seed)
    let schedule = random.schedule()
    let steps = 1 + random.integer(below: 300)
    let stepsPerEpoch = random.number(0.3..<80)
    for step in 0..<steps {
      let rate = schedule.value(step: step, of: steps, stepsPerEpoch: stepsPerEpoch).rate
      #expect(rate.isFinite && rate >= 0)
      #expect(rate <= schedule.highest * (1 + 1e-12))
    }
  }
}

extension Schedule {
  /// The highest rate that the settings allow.
  fileprivate var highest: Double {
    switch rule {
    case let rule as ConstantSchedule: rule.rate
    case let rule as StepSchedule: rule.rate * max(1, rule.factor)
    case let rule as CosineSchedule: max(rule.peak, rule.final)
    case let rule as OneCycleSchedule: rule.peak
    case let rule as ExponentialSchedule: rule.rate
    case let rule as PolynomialSchedule: max(rule.peak, rule.final)
    case let rule as CosineRestartsSchedule: max(rule.peak, rule.final)
    case let rule as PlateauSchedule: rule.rate
    case let rule as PiecewiseLinearSchedule: rule.points.map(\.rate).max() ?? 0
    default: -1
    }
  }
}
