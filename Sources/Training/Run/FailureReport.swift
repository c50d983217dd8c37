import Checkpoints
import Collectives
import Configuration
import Foundation
import Interchange
import Planner
package import RankWatch

/// What a user is told when ranks wait for one another, and when they cannot go on: the cause first, then what is kept
/// and how to continue. The same stands in `failure.json` of the run directory.
package struct FailureReport: Sendable {
  /// Where the run is.
  private struct Place: Sendable {
    let directory: RunDirectory
    let plan: StepPlan
  }

  private let ranks: Int
  private let resume: String
  private let place: Place?

  /// Before the run has a directory.
  ///
  /// - Parameter command: what was started, as a shell would take it, without `mpirun`.
  package init(ranks: Int, command: String) {
    (self.ranks, resume, place) = (ranks, (ranks > 1 ? "mpirun -n \(ranks) " : "") + command, nil)
  }

  /// Of a run in a directory.
  init(ranks: Int, directory: RunDirectory, plan: StepPlan) {
    self.ranks = ranks
    resume = Starter.resume(directory.path, ranks: ranks)
    place = Place(directory: directory, plan: plan)
  }

  /// Tells what the watch finds.
  package var reporter: RankWatch.Reporter {
    RankWatch.Reporter { view, host, seconds in
      Console.note("waiting for rank \(view.rank) on \(host) for \(Int(seconds)) s: \(self.state(of: view))")
    } verdict: { verdict, views, hosts in
      let failure = self.failure(verdict, views, hosts)
      self.publish(failure)
      return self.cause(verdict).code
    }
  }

  /// Tells of a rank that computes wrongly, on the screen and in the run directory; for rank 0.
  func report(_ found: Miscomputation) {
    var failure = FailureRecord(
      found.cause, rank: found.ranks.count == 1 ? found.ranks[0] : nil, host: found.host, step: found.step,
      exitCode: RunError.Code.miscomputed.rawValue)
    failure.message = found.message
    (failure.layer, failure.tensor, failure.microBatch) = (found.layer, found.tensor, found.microBatch)
    publish(completed(failure, replaying: found.microBatch.map(Self.part(ofMicroBatch:))))
  }

  /// Tells of a step that is not finite, on the screen and in the run directory.
  ///
  /// - Returns: the error that ends the run, which has been reported.
  func report(_ fault: NumericalFault) -> RunError {
    let code = RunError.Code.notFinite
    var failure = FailureRecord(fault.cause, rank: fault.rank, step: fault.step, exitCode: code.rawValue)
    (failure.layer, failure.tensor, failure.microBatch) = (fault.tensor?.layer, fault.tensor?.tensor, fault.microBatch)
    let samples = fault.samples.map { "\($0.number) (\($0.name))" }
    failure.samples = samples.isEmpty ? nil : samples
    let part = fault.microBatch.map(Self.part(ofMicroBatch:)) ?? Self.part(ofRank: 0, among: 1)
    publish(completed(failure, replaying: part))
    var error = RunError(code, failure.cause, isCollective: true)
    error.isReported = true
    return error
  }

  // MARK: The failure

  /// The report on the screen.
  private func text(of failure: FailureRecord) -> String {
    let lines = [
      "error: \(failure.message ?? failure.cause)", samplesLine(failure),
      failure.checkpoint.map { "  last checkpoint: \($0)" },
      // Who watches over the job decides how it goes on.
      Starter.isSupervised ? nil : "  continue with:   \(resume)", failure.replay.map { "  replay the step: \($0)" },
    ]
    return lines.compactMap(\.self).joined(separator: "\n")
  }

  private func samplesLine(_ failure: FailureRecord) -> String? {
    guard let samples = failure.samples else { return nil }
    let most = 8
    let more = samples.count > most ? ", and \(samples.count - most) more in \(RunDirectory.failureName)" : ""
    return "  samples:         " + samples.prefix(most).joined(separator: ", ") + more
  }

  private func publish(_ failure: FailureRecord) {
    Console.report(text(of: failure))
    if let place { failure.write(to: place.directory.failure) }
  }

  /// The failure with the last checkpoint, how to go on and, from `part` of the step, how to replay it.
  private func completed(_ failure: FailureRecord, replaying part: String?) -> FailureRecord {
    var failure = failure
    failure.resume = resume
    guard let place, let latest = try? CheckpointStore(directory: place.directory.checkpoints).latest() else {
      return failure
    }
    failure.checkpoint = latest.path
    if let step = failure.step, let part {
      failure.replay = "cnn-dist debug replay --checkpoint \(latest.path) --step \(step) \(part)"
    }
    return failure
  }

  private static func part(ofMicroBatch index: Int) -> String { "--micro-batch \(index)" }

  private static func part(ofRank rank: Int, among ranks: Int) -> String { "--rank \(rank) --workers \(ranks)" }

  private func failure(_ verdict: Verdict, _ views: [RankView], _ hosts: [String]) -> FailureRecord {
    let view = verdict.rank.flatMap { rank in views.first { $0.rank == rank } }
    let host = verdict.rank.map { hosts[$0] }
    let step = (view?.activity.step ?? views.map(\.activity.step).max()).flatMap { $0 >= 0 ? $0 : nil }
    let (cause, code) = cause(verdict)
    var failure = FailureRecord(cause, rank: verdict.rank, host: host, step: step, exitCode: code)
    (failure.message, failure.doing) = (sentence(verdict, view, host), view.map(doing))
    guard case .failed(let rank, _) = verdict else { return completed(failure, replaying: nil) }
    return completed(failure, replaying: Self.part(ofRank: rank, among: ranks))
  }

  private func cause(_ verdict: Verdict) -> (words: String, code: Int32) {
    switch verdict {
    case .failed(_, let failure): (failure.text, failure.code)
    case .died where StopSignals.isStopAsked:
      (
        "ended before all was saved: it was told to stop twice, or its launcher waited no longer (mpirun: 2 s after "
          + "SIGTERM)", RunError.Code.died.rawValue
      )
    case .died: ("the process is gone, killed by a signal or for want of memory", RunError.Code.died.rawValue)
    case .silent:
      ("not heard of any more: the process is stopped, or its machine cannot be reached", RunError.Code.hung.rawValue)
    case .hangs: ("does nothing any more", RunError.Code.hung.rawValue)
    case .allWait: ("all ranks wait for each other: a message was lost on its way", RunError.Code.hung.rawValue)
    }
  }

  private func sentence(_ verdict: Verdict, _ view: RankView?, _ host: String?) -> String {
    let words = cause(verdict).words
    guard let view else { return words }
    let whom = "rank \(view.rank) on \(host ?? "?"): \(words)"
    return switch verdict {
    case .failed: whom
    case .died, .allWait: "\(whom); \(state(of: view))"
    case .silent(_, let seconds), .hangs(_, let seconds): "\(whom), for \(Int(seconds)) s; \(state(of: view))"
    }
  }

  // MARK: What ranks do

  private func state(of view: RankView) -> String {
    let silence = view.silence > 2 ? "silent for \(Int(view.silence)) s, " : ""
    let step = view.activity.step >= 0 ? " in step \(view.activity.step)" : ""
    return "\(silence)last seen \(doing(view))\(step)"
  }

  /// What a rank is doing, in words.
  private func doing(_ view: RankView) -> String {
    let activity = view.activity
    switch activity.phase {
    case .settingUp: return activity.step < 0 ? "setting up" : "between steps"
    case .computing: return "computing \(instruction(activity.subject))"
    case .reading: return "reading samples"
    case .waiting: return "waiting for rank \(activity.peer) (\(Tag.description(of: activity.subject)))"
    case .evaluating: return "scoring the test data"
    case .saving: return "writing a checkpoint"
    }
  }

  private func instruction(_ index: Int) -> String {
    guard let instructions = place?.plan.training.instructions, instructions.indices.contains(index) else {
      return "instruction \(index)"
    }
    let instruction = instructions[index]
    return "\(instruction.operation.kind) of '\(instruction.path)' (instruction \(index) of \(instructions.count))"
  }
}
