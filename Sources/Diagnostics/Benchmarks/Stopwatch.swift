import Engine
import Kernels
import Training

/// Adds up the time of each instruction of the main lane.
final class Stopwatch: InstructionObserver {
  /// Seconds of each instruction, over all runs.
  private(set) var seconds: [Double]
  private var started = ContinuousClock.now

  /// A stopwatch for `count` instructions.
  init(count: Int) { seconds = Array(repeating: 0, count: count) }

  /// Forgets what it has measured.
  func reset() {
    for index in seconds.indices { seconds[index] = 0 }
  }

  func before(_ index: Int) { started = ContinuousClock.now }

  func after(_ index: Int, in execution: borrowing Execution) { seconds[index] += started.secondsUntilNow }
}
