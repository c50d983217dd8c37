import Checkpoints
import Interchange
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
  /// The tensors that differ, in the order in which a step meets them.
  private(set) var tensors: [TensorDifference] = []
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
      guard let more = cursor.entry else { continue }
      findings.append("\(side.name) goes on with step \(more.step), the other run does not")
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
    var ends: [ReplayedStep] = []
    for (side, line) in zip(sides, lines) {
      let replayed = try ReplayedStep(side.records, step: step)
      ends.append(replayed)
      if let problem = replayed.problem { findings.append("\(side.name): \(problem)") }
      guard let parting = LedgerParting(replayed.line, line) else {
        findings.append("\(side.name)'s step \(step), replayed, equals its ledger")
        continue
      }
      findings.append(
        "\(side.name)'s step \(step) was computed otherwise than its checkpoint leads to: "
          + parting.sentence("the replay", "the ledger"))
    }
    let comparison = try StateComparison(sides[0].records.network)
    tensors = comparison.differences((ends[0].before, ends[0].records), (ends[1].before, ends[1].records))
    if !tensors.isEmpty { return findings.append("the states before step \(step) differ") }
    let parted = zip(lines[0].microBatches, lines[1].microBatches).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
    tensors = try Self.compare(ends, microBatch: parted)
    tensors += comparison.differences((ends[0].after, ends[0].records), (ends[1].after, ends[1].records))
    if tensors.isEmpty { findings.append("both checkpoints lead to the same step here, so no tensor of it differs") }
  }

  /// The first tensor of a micro-batch that differs.
  private static func compare(_ ends: [ReplayedStep], microBatch: Int) throws(RunError) -> [TensorDifference] {
    var recorders: [StepRecorder] = []
    for end in ends { recorders.append(try end.record(microBatch)) }
    let (a, b) = (recorders[0].tensors, recorders[1].tensors)
    guard let number = zip(a, b).enumerated().first(where: { $1.0 != $1.1 })?.offset, a[number].name == b[number].name
    else { return [] }
    var values: [[Float]] = []
    for end in ends { values.append(try end.record(microBatch, wanted: number).values) }
    let tensor = a[number]
    let difference = TensorDifference(
      tensor.kind, layer: tensor.layer, name: tensor.name, values[0], values[1])
    return [difference].compactMap(\.self)
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
