import Kernels
import Training

/// What a core of this machine reaches in a loop of fused multiply-adds in registers: what shares of the peak refer to.
enum PeakRate {
  /// Floating-point operations a second of the calling core, the best of some short runs, so that an interruption does
  /// not count.
  static func measured(runs: Int = 100) -> Double {
    (0..<runs).reduce(0) { best, _ in max(best, one(rounds: 500_000)) }
  }

  /// One run, about a millisecond.
  private static func one(rounds: Int) -> Double {
    let started = ContinuousClock.now
    let count = MultiplyAdds.run(rounds: rounds)
    return 2 * Double(count) / started.secondsUntilNow
  }
}
