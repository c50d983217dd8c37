package import Checkpoints
package import Collectives
package import Planner

/// Decisions that all ranks take together: either all go on, or all end with the same error, which rank 0 reports.
package struct Agreement {
  private let communicator: any Communicator

  /// The decisions of these ranks.
  package init(_ communicator: any Communicator) { self.communicator = communicator }

  /// Runs `body` on every rank; throws on all if it throws on any.
  package func everywhere<Result>(_ body: () throws -> Result) throws(RunError) -> Result {
    var result: Result?
    var problem: String?
    do { result = try body() } catch { problem = RunError.unusable(error).description }
    try settle(problem)
    guard let result else { preconditionFailure("an agreement without a problem has a result") }
    return result
  }

  /// Runs `body` on rank 0; nil on the others. Throws on all if it throws.
  package func onCoordinator<Result>(_ body: () throws -> Result) throws(RunError) -> Result? {
    let isCoordinator = communicator.rank == 0
    return try everywhere { isCoordinator ? try body() : nil }
  }

  /// The text that rank 0 offers, on all ranks.
  package func share(_ text: String?) throws(RunError) -> String {
    let bytes = try communicator.asFailed { try communicator.broadcast(Array((text ?? "").utf8), from: 0) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The state that rank 0 offers, on all ranks.
  package func share(_ state: TrainingState?, layout: FlatLayout) throws(RunError) -> TrainingState {
    let bytes = try communicator.asFailed { try communicator.broadcast(state?.bytes ?? [], from: 0) }
    return TrainingState(bytes: bytes, count: layout.count)
  }

  private func settle(_ problem: String?) throws(RunError) {
    let problems = try communicator.asFailed { try communicator.agree(problem) }
    guard !problems.isEmpty else { return }
    let sentences = problems.map { problem in
      let isGeneral = communicator.size == 1 || problem.ranks.count == communicator.size || problem.ranks == [0]
      return isGeneral ? problem.message : problem.description
    }
    throw RunError(.unusable, sentences.joined(separator: "\n"), isCollective: true)
  }
}
