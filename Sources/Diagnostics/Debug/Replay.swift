import Checkpoints
import Collectives
import Configuration
import Engine
import Foundation
import Hashing
import Interchange
import Kernels
import Planner
package import Training

/// `debug replay`: recomputes a part of a step alone, on one core, and compares it with the ledger of the run.
package enum Replay {
  /// Which part of the step.
  package enum Part: Hashable, Sendable {
    /// What one rank of so many computed.
    case rank(Int, workers: Int)
    /// One micro-batch.
    case microBatch(Int)
  }

  /// Replays and compares. Without a ledger there is nothing to compare with, and the digests are printed alone.
  ///
  /// - Parameters:
  ///   - checkpoint: a checkpoint at or before the step.
  ///   - step: the step, from 0.
  ///   - part: which part of the step.
  ///   - ledger: the run's ledger; nil for the one that lies where the checkpoint's run directory has it.
  /// - Throws: `RunError` with code `failed` if a digest differs, with code `notFinite` if a number is not finite, with
  ///   code `unusable` if the step cannot be replayed.
  package static func run(
    checkpoint: String, step: Int, part: Part, ledger: String? = nil, asJSON: Bool
  ) throws(RunError) {
    let opened = try OpenedCheckpoint(checkpoint, overrides: ["lanes=1"])
    let blueprint = try opened.blueprint()
    let state = try opened.state(for: blueprint, try RunIdentity(blueprint), .replay)
    let recorded = try entry(ledger, of: checkpoint, step: step)
    let microBatches = try microBatches(of: part, blueprint)
    guard (state.step..<blueprint.steps).contains(step) else {
      throw RunError(
        .unusable,
        "step \(step) is not between the checkpoint's step \(state.step) and the run's end at \(blueprint.steps)")
    }
    let parameters = try advance(blueprint, from: state, pending: opened.contents.state.pending, to: step)
    let computed = try replay(microBatches, step: step, parameters, blueprint)
    try compare(computed, microBatches, recorded, step: step, asJSON: asJSON)
  }

  private static func microBatches(of part: Part, _ blueprint: Blueprint) throws(RunError) -> Range<Int> {
    let count = blueprint.configuration.train.microBatches
    switch part {
    case .microBatch(let index):
      guard (0..<count).contains(index) else {
        throw RunError(.unusable, "micro-batch \(index) does not exist; a step has the micro-batches 0 to \(count - 1)")
      }
      return index..<index + 1
    case .rank(let rank, let workers):
      guard (1...count).contains(workers), (0..<workers).contains(rank) else {
        throw RunError(
          .unusable,
          "rank \(rank) of \(workers) does not exist; a step of \(count) micro-batches has at most that many ranks")
      }
      return ReductionTree.share(of: count, rank: rank, ranks: workers)
    }
  }

  /// What the ledger holds of a step; nil, after a word, if the checkpoint does not lie in a run and none was named.
  private static func entry(_ named: String?, of checkpoint: String, step: Int) throws(RunError) -> LedgerEntry? {
    let run = URL(fileURLWithPath: checkpoint).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let path = named ?? RunDirectory(run).ledger
    guard let data = FileManager.default.contents(atPath: path) else {
      if named != nil { throw RunError(.unusable, "\(path): cannot be read; check --ledger") }
      Console.note(
        "\(path) is not there, so there is nothing to compare with; name the run's ledger with --ledger to compare")
      return nil
    }
    var last = -1
    for line in data.split(separator: UInt8(ascii: "\n")) {
      guard let entry = try? RecordCoding.decode(LedgerEntry.self, from: line) else { continue }
      if entry.step == step { return entry }
      last = entry.step
    }
    if named == nil, step == last + 1 {
      Console.note("\(path) ends before step \(step), so there is nothing to compare with")
      return nil
    }
    throw RunError(.unusable, "\(path): has no line for step \(step)")
  }

  /// The parameters at the beginning of a step.
  private static func advance(
    _ blueprint: Blueprint, from state: TrainingState, pending: TrainingSums, to step: Int
  ) throws(RunError) -> [Float] {
    guard step > state.step else { return state.parameters }
    let walk = try StepWalk(blueprint, from: state, pending: pending)
    while walk.step < step { try walk.advance() }
    return walk.parameters
  }

  /// Computes the micro-batches; the first number that is not finite ends it, with the samples named.
  private static func replay(
    _ microBatches: Range<Int>, step: Int, _ parameters: [Float], _ blueprint: Blueprint
  ) throws(RunError) -> StepReplay {
    let check = FiniteCheck()
    do {
      return try StepReplay(
        of: microBatches, step: step, parameters: parameters, blueprint: blueprint, check: check)
    } catch {
      guard check.found != nil else { throw error }
      let samples = blueprint.samples(step: step, microBatch: check.microBatch).map { "\($0.number) (\($0.name))" }
      throw RunError(
        .notFinite, "step \(step), \(error); its samples are \(samples.joined(separator: ", "))")
    }
  }

  private static func compare(
    _ computed: StepReplay, _ microBatches: Range<Int>, _ recorded: LedgerEntry?, step: Int, asJSON: Bool
  ) throws(RunError) {
    var differing: [Int] = []
    for (microBatch, digest) in zip(microBatches, computed.microBatches) {
      let text = LedgerEntry.text(digest)
      let known = recorded.map {
        $0.microBatches.indices.contains(microBatch) ? $0.microBatches[microBatch] : "missing"
      }
      if let known, text != known { differing.append(microBatch) }
      if asJSON {
        Report.json([
          "step": .integer(step), "micro-batch": .integer(microBatch), "digest": .text(text),
          "ledger": known.map { .text($0) } ?? .nothing, "equal": known.map { .truth(text == $0) } ?? .nothing,
        ])
      } else if let known {
        print(
          "step \(step) micro-batch \(microBatch): \(text) \(text == known ? "equals" : "DIFFERS from") the ledger's \(known)"
        )
      } else {
        print("step \(step) micro-batch \(microBatch): \(text)")
      }
    }
    guard let recorded else { return }
    let hasSameSamples = recorded.samples == LedgerEntry.text(computed.samples)
    guard differing.isEmpty else {
      let list = differing.map(String.init).joined(separator: ", ")
      let cause = hasSameSamples ? "" : "; the samples of the step are others than the run has seen"
      throw RunError(.failed, "step \(step): the replay of micro-batch \(list) differs from the ledger\(cause)")
    }
    guard hasSameSamples else {
      throw RunError(
        .failed,
        "step \(step): samples of other micro-batches of the step are others than the run has seen; restore the data")
    }
  }
}
