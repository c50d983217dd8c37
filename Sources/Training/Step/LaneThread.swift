import Engine
import Foundation

/// A lane on a thread of its own. The main thread hands it one job at a time and collects the result.
final class LaneThread: @unchecked Sendable {
  /// What a lane can be asked for.
  enum Job: Sendable {
    case train(step: Int)
    /// Score some micro-batches of the test data.
    case evaluate(Range<Int>)
    /// End the thread.
    case end
  }

  // `job`, `result` and `waited` are touched only while the condition's lock is held.
  private let condition = NSCondition()
  private var job: Job?
  private var result: Result<[Score], RunError>?
  private var waited = 0.0

  /// Starts the thread of lane `index`.
  init(index: Int, shared: Lane.Shared, progress: LaneProgress) {
    let thread = Thread { [self] in
      do throws(RunError) {
        var lane = try Lane(index: index, shared: shared, progress: progress)
        while perform(nextJob(), with: &lane) {}
      } catch {
        answerAll(with: error)
      }
    }
    thread.stackSize = 8 << 20
    thread.name = "lane \(index)"
    thread.start()
  }

  /// Hands over a job; the one before must have been collected.
  func begin(_ next: Job) {
    condition.lock()
    job = next
    result = nil
    condition.broadcast()
    condition.unlock()
  }

  /// The result of the job if it is done: scores of an evaluation, nothing for training.
  func poll() throws(RunError) -> [Score]? {
    condition.lock()
    defer { condition.unlock() }
    return try result?.get()
  }

  /// Waits for the result of the job.
  func collect() throws(RunError) -> [Score] {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let result { return try result.get() }
      condition.wait()
    }
  }

  /// Seconds that the lane has waited for samples.
  var secondsAwaitingInput: Double {
    condition.lock()
    defer { condition.unlock() }
    return waited
  }

  private func nextJob() -> Job {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let next = job {
        job = nil
        return next
      }
      condition.wait()
    }
  }

  /// Performs a job; false after the last.
  private func perform(_ job: Job, with lane: inout Lane) -> Bool {
    let outcome: Result<[Score], RunError>
    do throws(RunError) {
      switch job {
      case .train(let step):
        try lane.train(step: step)
        outcome = .success([])
      case .evaluate(let microBatches): outcome = .success(try lane.evaluate(microBatches))
      case .end: return false
      }
    } catch {
      outcome = .failure(error)
    }
    answer(outcome, waited: lane.secondsAwaitingInput)
    return true
  }

  private func answer(_ outcome: Result<[Score], RunError>, waited seconds: Double) {
    condition.lock()
    result = outcome
    waited = seconds
    condition.broadcast()
    condition.unlock()
  }

  /// A lane that could not be made answers every job with the reason.
  private func answerAll(with error: RunError) {
    while true {
      if case .end = nextJob() { return }
      answer(.failure(error), waited: 0)
    }
  }
}
