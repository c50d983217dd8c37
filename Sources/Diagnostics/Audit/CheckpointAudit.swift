import Checkpoints
import Interchange
import Training

/// Proves that the checkpoints of a run are whole, belong to it, and hold the weights that its ledger has.
struct CheckpointAudit {
  /// A checkpoint that is what its run's ledger says.
  struct Sound {
    /// Where it lies.
    let entry: CheckpointEntry
    /// What its run was made of.
    let identity: RunIdentity
    /// The SHA-256 of its weights.
    let weightsSHA256: String
  }

  /// What is wrong, a sentence each.
  private(set) var faults = FaultList()
  /// What is not proven, a sentence each.
  private(set) var unproven: [String] = []
  /// The sound ones, by ascending step.
  private(set) var sound: [Sound] = []
  private let records: RunRecords
  private let ledger: LedgerIndex

  /// Checks all checkpoints of a run.
  ///
  /// - Throws: `RunError` with code `unusable` if the ledger cannot be read any more.
  init(_ records: RunRecords, _ ledger: LedgerIndex) throws(RunError) {
    self.records = records
    self.ledger = ledger
    for entry in records.checkpoints { try check(entry) }
    let known = Set(records.checkpoints.map(\.name))
    for name in (try? Disk.names(in: records.directory.checkpoints)) ?? []
    where name.hasPrefix("step-") && !known.contains(name) {
      faults.add("\(Disk.join(records.directory.checkpoints, name)) is no checkpoint: its manifest is missing")
    }
    try checkEnd()
  }

  /// The weights of the end of the ledger; nil if no sound checkpoint has them.
  var final: Sound? { sound.last { $0.entry.step == (ledger.last ?? -2) + 1 } }

  private mutating func check(_ entry: CheckpointEntry) throws(RunError) {
    let contents: CheckpointContents
    let state: TrainingState
    do {
      contents = try CheckpointStore.load(entry.path)
      let saved = contents.state.identity
      for notice in try ContinuationRules.notices(.resume, from: saved, to: records.identity, checkpoint: entry.path) {
        let sentence = "that the whole run went by the same rules: on the way, \(notice)"
        if !unproven.contains(sentence) { unproven.append(sentence) }
      }
      state = try records.state(of: contents, at: entry.path)
    } catch {
      faults.add("\(error)")
      return
    }
    guard let line = try ledger.entry(ofStep: entry.step - 1) else {
      faults.add("\(entry.path): the ledger has no line of step \(entry.step - 1), after which it was taken")
      return
    }
    let digest = records.weightsDigest(of: state)
    guard digest == line.weights else {
      faults.add(
        "\(entry.path): its weights have the digest \(digest), but the ledger has \(line.weights) after step "
          + "\(line.step)")
      return
    }
    guard contents.state.trainLoss == nil || contents.state.trainLoss == line.loss else {
      faults.add("\(entry.path): its training loss is not that of step \(line.step) in the ledger")
      return
    }
    sound.append(
      Sound(entry: entry, identity: contents.state.identity, weightsSHA256: contents.state.weightsSHA256))
  }

  /// The ledger's end, the last checkpoint and the summary must tell of the same weights.
  private mutating func checkEnd() throws(RunError) {
    let steps = (ledger.last ?? -1) + 1
    let path = records.directory.summary
    let isFinished = Disk.kind(of: path) != .missing
    if isFinished {
      do { try check(RunSummary.read(path), steps: steps) } catch { faults.add("\(error)") }
    }
    if final != nil {
      if steps < records.wantedSteps {
        unproven.append("the run has taken \(steps) of its \(records.wantedSteps) steps; what is to come is open")
      }
    } else if isFinished {
      faults.add("the weights of the end, after \(steps) steps, are in no sound checkpoint")
    } else {
      let behind = sound.last.map { "after the checkpoint \($0.entry.name)" } ?? "since there is no checkpoint"
      unproven.append("the weights of the last lines, \(behind): the run was cut off after \(steps) steps")
    }
  }

  private mutating func check(_ summary: RunSummary, steps: Int) {
    let path = records.directory.summary
    if summary.steps > steps {
      faults.add("\(path) tells of \(summary.steps) steps, but the ledger ends after \(steps)")
    } else if summary.steps < steps {
      unproven.append("\(path) tells of an earlier end, after \(summary.steps) steps")
    } else if let final, final.weightsSHA256 != summary.weightsSHA256 {
      faults.add(
        "\(path) has weights of SHA-256 \(summary.weightsSHA256), but \(final.entry.path) holds \(final.weightsSHA256)")
    }
  }
}
