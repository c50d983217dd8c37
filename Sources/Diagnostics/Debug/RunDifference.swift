import Checkpoints
import Configuration
import Interchange
import Planner
package import Training

/// Finds where two runs part: the step by their ledgers, then, from their checkpoints, the layer and the tensor.
package struct RunDifference {
  /// How the runs' identities differ: what, in A, in B.
  package private(set) var identity: [String] = []
  /// The first step whose lines differ; nil if none that both have does.
  package private(set) var step: Int?
  /// What parts first in that step; a sentence.
  package private(set) var parting: String?
  /// What was found out on the way, a sentence each.
  package private(set) var findings: [String] = []
  /// How many steps both ledgers have.
  package private(set) var commonSteps = 0
  private var tensors: [TensorDifference] = []
  private let sides: [Side]

  /// One of the runs.
  private struct Side {
    let name: String
    let records: RunRecords
  }

  /// Whether any difference in what was computed was found.
  package var isDifferent: Bool { step != nil || !tensors.isEmpty }

  /// The first tensor that differs, in words; nil if none was found.
  package var tensor: String? { tensors.first?.text }

  /// Compares the runs in two directories.
  ///
  /// - Throws: `RunError` with code `unusable` if one of them cannot be read.
  package init(_ a: String, _ b: String) throws(RunError) {
    sides = [Side(name: "A", records: try RunRecords(a)), Side(name: "B", records: try RunRecords(b))]
    let (first, second) = (sides[0].records.identity, sides[1].records.identity)
    identity = first.differences(to: second).map { "\($0.name) is \($0.before) in A, \($0.after) in B" }
    let lines = try compareLedgers()
    guard first.model == second.model else {
      if step != nil { findings.append("the models differ, so there are no tensors to compare") }
      return
    }
    try compareCheckpoints(upTo: step ?? .max)
    guard let lines, tensors.isEmpty else { return }
    do throws(RunError) { try replay(lines) } catch {
      findings.append("the step could not be replayed: \(error)")
    }
  }

  /// Reads both ledgers side by side up to the first step in which they part; returns its lines.
  private mutating func compareLedgers() throws(RunError) -> [LedgerEntry]? {
    var readers: [LedgerCursor] = []
    for side in sides { readers.append(try LedgerCursor(side.records.directory.ledger)) }
    while let a = readers[0].entry, let b = readers[1].entry {
      // A run that began with a checkpoint of another has no earlier lines.
      if a.step != b.step {
        let late = a.step < b.step ? 0 : 1
        guard commonSteps == 0 else {
          throw RunError(
            .unusable,
            "\(sides[1 - late].name)'s ledger goes on with step \(max(a.step, b.step)) where \(min(a.step, b.step)) "
              + "belongs; look at it with: cnn-dist audit \(sides[1 - late].records.directory.path)")
        }
        try readers[late].advance()
        continue
      }
      commonSteps += 1
      if let parting = LedgerParting(a, b) {
        step = a.step
        self.parting = parting.sentence("A", "B")
        return [a, b]
      }
      for reader in readers { try reader.advance() }
    }
    guard commonSteps > 0 else { throw RunError(.unusable, "the two runs have no step in common") }
    for (cursor, side) in zip(readers, sides) {
      if let more = cursor.entry { findings.append("\(side.name) goes on with step \(more.step), the other run does not") }
    }
    return nil
  }

  /// Compares the tensors of the last checkpoint of one step in both runs.
  private mutating func compareCheckpoints(upTo limit: Int) throws(RunError) {
    let own = sides.map { side in side.records.checkpoints.filter { $0.step <= limit } }
    guard let a = own[0].last(where: { entry in own[1].contains { $0.step == entry.step } }),
      let b = own[1].first(where: { $0.step == a.step })
    else { return findings.append("the runs have no checkpoint of the same step at or before the difference") }
    var contents: [CheckpointContents] = []
    for entry in [a, b] {
      do { contents.append(try CheckpointStore.load(entry.path)) } catch { return findings.append("\(error)") }
    }
    tensors = try StateComparison(sides[0].records.network).differences(
      model: (contents[0].model, contents[1].model), optimizer: (contents[0].optimizer, contents[1].optimizer))
    findings.append(
      tensors.isEmpty
        ? "the checkpoints after \(a.step) steps are equal" : "the checkpoints after \(a.step) steps differ")
    guard !tensors.isEmpty else { return }
    for (side, contents) in zip(sides, contents) { try judge(side, contents) }
  }

  /// Says so if the weights of a checkpoint are not those that the ledger of its run has.
  private mutating func judge(_ side: Side, _ contents: CheckpointContents) throws(RunError) {
    let state = try side.records.state(of: contents, at: side.records.directory.checkpoints)
    let digest = side.records.weightsDigest(of: state)
    var reader = try LedgerReader(side.records.directory.ledger)
    while let line = try reader.next() {
      guard case .success(let entry) = line.entry, entry.step == state.step - 1 else { continue }
      if entry.weights != digest {
        findings.append(
          "\(side.name)'s checkpoint does not have the weights that its ledger has after step \(entry.step): it was changed "
            + "after the step")
      }
      return
    }
  }
}

extension RunDifference {
  /// Computes the step of some lines again, from the last checkpoint of each run, and compares every tensor of it.
  private mutating func replay(_ lines: [LedgerEntry]) throws(RunError) {
    guard let step else { return }
    var ends: [Replayed] = []
    for (side, line) in zip(sides, lines) {
      let replayed = try Replayed(side.records, step: step)
      ends.append(replayed)
      if let problem = replayed.problem { findings.append("\(side.name): \(problem)") }
      let parting = LedgerParting(replayed.line, line)
      findings.append(
        parting.map { "\(side.name)'s step \(step) was computed otherwise than its checkpoint leads to: \($0.sentence("the replay", "the ledger"))" }
          ?? "\(side.name)'s step \(step), replayed, equals its ledger")
    }
    let comparison = try StateComparison(sides[0].records.network)
    tensors = comparison.differences(ends[0].before, ends[1].before, sides[0].records)
    if !tensors.isEmpty { return findings.append("the states before step \(step) differ") }
    let parted = zip(lines[0].microBatches, lines[1].microBatches).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
    tensors = try Self.compare(ends, microBatch: parted)
    tensors += comparison.differences(ends[0].after, ends[1].after, sides[0].records)
    if tensors.isEmpty { findings.append("both checkpoints lead to the same step here, so no tensor of it differs") }
  }

  /// The first tensor of a micro-batch that differs.
  private static func compare(_ ends: [Replayed], microBatch: Int) throws(RunError) -> [TensorDifference] {
    var recorders: [StepRecorder] = []
    for end in ends { recorders.append(try end.record(microBatch)) }
    let (a, b) = (recorders[0].tensors, recorders[1].tensors)
    guard let number = zip(a, b).enumerated().first(where: { $1.0 != $1.1 })?.offset, a[number].name == b[number].name
    else { return [] }
    var values: [[Float]] = []
    for end in ends { values.append(try end.record(microBatch, wanted: number).values) }
    let tensor = a[number]
    return [TensorDifference(tensor.kind, layer: tensor.layer, name: tensor.name, values[0], values[1])].compactMap(\.self)
  }

  /// A step that was computed again.
  private struct Replayed {
    let blueprint: Blueprint
    /// The state before the step.
    let before: TrainingState
    let pending: TrainingSums
    /// The state after it.
    let after: TrainingState
    /// What the ledger should have of it.
    let line: LedgerEntry
    /// Where the way to the step left the run's ledger; nil if it did not.
    let problem: String?

    init(_ records: RunRecords, step: Int) throws(RunError) {
      blueprint = try records.blueprint([])
      let walk = try Self.walk(records, blueprint, step: step)
      let first = walk.step
      let ledger = try LedgerIndex(
        records.directory.ledger, from: 0, microBatches: blueprint.configuration.train.microBatches)
      var problem: String?
      while walk.step < step {
        let computed = try walk.advance()
        guard problem == nil, let recorded = try ledger.entry(ofStep: computed.step),
          let parting = LedgerParting(computed, recorded)
        else { continue }
        problem =
          "the replay from step \(first) leaves the ledger in step \(computed.step): "
          + parting.sentence("the replay", "the ledger")
      }
      self.problem = problem
      (before, pending) = (try walk.state(), walk.pending)
      line = try walk.advance()
      after = try walk.state()
    }

    /// From the last checkpoint at or before the step, or from the start.
    private static func walk(_ records: RunRecords, _ blueprint: Blueprint, step: Int) throws(RunError) -> StepWalk {
      guard let entry = records.checkpoints.last(where: { $0.step <= step }) else {
        return try StepWalk(
          blueprint,
          from: TrainingState(
            initial: blueprint.plan.layout, seed: blueprint.configuration.seed, updates: blueprint.updates))
      }
      let contents: CheckpointContents
      do { contents = try CheckpointStore.load(entry.path) } catch { throw RunError.unusable(error) }
      return try StepWalk(
        blueprint, from: try records.state(of: contents, at: entry.path), pending: contents.state.pending)
    }

    /// Computes the step once more and takes down a micro-batch of it.
    func record(_ microBatch: Int, wanted: Int? = nil) throws(RunError) -> StepRecorder {
      let recorder = StepRecorder(microBatch: microBatch, wanted: wanted)
      try StepWalk(blueprint, from: before, pending: pending).advance(inspector: recorder)
      return recorder
    }
  }
}

/// A ledger that is read on when it is asked to; it ends the comparison at a line that cannot be read.
private final class LedgerCursor {
  private var reader: LedgerReader
  /// The line that it stands at; nil behind the last one.
  private(set) var entry: LedgerEntry?

  init(_ path: String) throws(RunError) {
    reader = try LedgerReader(path)
    try advance()
  }

  func advance() throws(RunError) {
    let line = try reader.next()
    do { entry = try line?.entry.get() } catch { throw RunError(.unusable, "\(error)") }
  }
}

extension RunDifference {
  /// Prints what was found.
  ///
  /// - Throws: `RunError` with code `failed` if the runs differ.
  package func report(asJSON: Bool) throws(RunError) {
    if asJSON { Report.json(record) } else { printText() }
    guard isDifferent else { return }
    let place = step.map { "in step \($0): \(parting ?? "")" } ?? "in what their ledgers do not cover"
    throw RunError(.failed, "the runs part \(place)")
  }

  private func printText() {
    for sentence in identity { print("made of other things: \(sentence)") }
    let verdict = step.map { "the runs part in step \($0): \(parting ?? "")" }
    print(verdict ?? "the ledgers are equal in the \(Display.count(commonSteps)) steps that both have")
    for sentence in findings { print(sentence) }
    for tensor in tensors.prefix(10) { print("\(tensor == tensors[0] ? "first tensor" : "then")  \(tensor.text)") }
    if tensors.count > 10 { print("and \(tensors.count - 10) more tensors") }
  }

  private var record: [String: ReportValue] {
    let list = tensors.map { tensor in
      ReportValue.record([
        "kind": .text(tensor.kind.rawValue), "layer": .text(tensor.layer), "name": .text(tensor.name),
        "elements": .integer(tensor.count), "differing": .integer(tensor.differing), "index": .integer(tensor.index),
        "a": .number(Double(tensor.values[0])), "b": .number(Double(tensor.values[1])),
      ])
    }
    return [
      "different": .truth(isDifferent), "identity": .list(identity.map { .text($0) }),
      "common-steps": .integer(commonSteps), "step": step.map { .integer($0) } ?? .nothing,
      "parting": parting.map { .text($0) } ?? .nothing, "findings": .list(findings.map { .text($0) }),
      "tensors": .list(list),
    ]
  }
}
