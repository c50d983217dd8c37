import Collectives
import Engine
import Foundation
import Interchange
import Kernels
import Planner

/// `debug replay`: recomputes a part of a step alone, on one core, and compares it with the ledger of the run.
package enum Replay {
  /// Which part of the step.
  package enum Part: Hashable, Sendable {
    /// What one rank of so many computed.
    case rank(Int, workers: Int)
    /// One micro-batch.
    case microBatch(Int)
  }

  /// Replays and compares.
  ///
  /// - Parameters:
  ///   - checkpoint: a checkpoint at or before the step, inside its run directory.
  ///   - step: the step, from 0.
  ///   - part: which part of the step.
  /// - Throws: `RunError` with code `failed` if a digest differs, with code `unusable` if the step cannot be replayed.
  package static func run(checkpoint: String, step: Int, part: Part, asJSON: Bool) throws(RunError) {
    let blueprint: Blueprint
    let state: TrainingState
    let recorded: [String]
    do {
      let contents = try CheckpointStore.load(checkpoint)
      let configuration = try Configurations.parse(
        contents.state.configuration, source: "\(checkpoint)/state.json", overrides: ["lanes=1"])
      try KernelSet.configure(configuration.kernels.isa)
      blueprint = try Blueprint(configuration)
      recorded = try ledgerLine(of: checkpoint, step: step)
      state = try ModelTensors.state(
        model: contents.model, optimizer: contents.optimizer, step: contents.state.step,
        layout: blueprint.plan.layout)
      note(contents.state, step: step, asJSON: asJSON)
    } catch {
      throw RunError.unusable(error)
    }
    let microBatches = try microBatches(of: part, blueprint)
    guard (state.step..<blueprint.steps).contains(step) else {
      throw RunError(
        .unusable,
        "step \(step) is not between the checkpoint's step \(state.step) and the run's end at \(blueprint.steps)")
    }
    let parameters = try advance(blueprint, from: state, to: step)
    let digests = try compute(microBatches, step: step, parameters: parameters, blueprint)
    try compare(digests, microBatches, recorded, step: step, asJSON: asJSON)
  }

  private static func note(_ state: RunState, step: Int, asJSON: Bool) {
    guard !asJSON else { return }
    if state.kernels != KernelSet.description {
      print("note: the run used \(state.kernels), this is \(KernelSet.description); the digests may differ")
    }
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

  /// The micro-batches' digests that the ledger holds for a step.
  private static func ledgerLine(of checkpoint: String, step: Int) throws -> [String] {
    let run = URL(fileURLWithPath: checkpoint).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let ledger = RunDirectory(run).ledger
    guard let data = FileManager.default.contents(atPath: ledger) else {
      throw RunError(.unusable, "\(ledger): cannot be read; the checkpoint must lie in its run directory")
    }
    let decoder = JSONDecoder()
    for line in data.split(separator: UInt8(ascii: "\n")) {
      if let entry = try? decoder.decode(LedgerEntry.self, from: line), entry.step == step { return entry.microBatches }
    }
    throw RunError(.unusable, "\(ledger): has no line for step \(step)")
  }

  /// The parameters at the beginning of a step.
  private static func advance(
    _ blueprint: Blueprint, from state: TrainingState, to step: Int
  ) throws(RunError) -> [Float] {
    guard step > state.step else { return state.parameters }
    let worker = try Worker(blueprint: blueprint, communicator: SoloCommunicator(), lanes: 1, state: state)
    defer { worker.end() }
    for step in state.step..<step { _ = try worker.step(step, votes: Votes()) }
    return worker.parameters
  }

  private static func compute(
    _ microBatches: Range<Int>, step: Int, parameters: [Float], _ blueprint: Blueprint
  ) throws(RunError) -> [UInt64] {
    let share = WorkShare(
      microBatches: blueprint.configuration.train.microBatches, rank: 0, ranks: 1, lanes: 1, order: .any)
    let buffers = try FlatBuffers(layout: blueprint.plan.layout, slotsPerLane: share.lanes.map(\.slotCount))
    unsafe buffers.parameters.update(from: parameters, count: parameters.count)
    let feed = SampleFeed(blueprint: blueprint, share: share, firstStep: step)
    defer { feed.stop() }
    var lane = try Lane(
      index: 0, shared: Lane.Shared(blueprint: blueprint, share: share, buffers: buffers, feed: feed),
      progress: LaneProgress())
    var digests: [UInt64] = []
    for microBatch in 0..<microBatches.upperBound {
      let digest = try lane.digest(step: step, microBatch: microBatch, isWanted: microBatches.contains(microBatch))
      if let digest { digests.append(digest) }
    }
    return digests
  }

  private static func compare(
    _ digests: [UInt64], _ microBatches: Range<Int>, _ recorded: [String], step: Int, asJSON: Bool
  ) throws(RunError) {
    var differing: [Int] = []
    for (microBatch, digest) in zip(microBatches, digests) {
      let text = MicroBatchDigest.text(digest)
      let known = recorded.indices.contains(microBatch) ? recorded[microBatch] : "missing"
      if text != known { differing.append(microBatch) }
      if asJSON {
        Report.json([
          "step": .integer(step), "micro-batch": .integer(microBatch), "digest": .text(text),
          "ledger": .text(known), "equal": .truth(text == known),
        ])
      } else {
        print(
          "step \(step) micro-batch \(microBatch): \(text) \(text == known ? "equals" : "DIFFERS from") the ledger's \(known)"
        )
      }
    }
    guard differing.isEmpty else {
      let list = differing.map(String.init).joined(separator: ", ")
      throw RunError(.failed, "step \(step): the replay of micro-batch \(list) differs from the ledger")
    }
  }
}
