import Checkpoints
import Configuration
import Datasets
package import Training

/// What `audit` is asked for.
package struct AuditRequest: Sendable {
  /// The run directory.
  package var run: String
  /// Says where the data lies now, as in `data.path=DIR`.
  package var overrides: [String] = []
  /// Whether the data is read; without it neither samples nor gradients are proven.
  package var readsData = true
  /// How many micro-batches are computed again.
  package var sample = 8
  /// Chooses them.
  package var seed: UInt64 = 1
  /// At most so many steps after a checkpoint or the start are candidates.
  package var reach = 10

  /// A request with the defaults.
  package init(run: String) { self.run = run }
}

/// Proves from its records alone what a run claims.
package struct Audit {
  /// Each fault, a sentence.
  package private(set) var faults: [String] = []
  /// What is not proven, a sentence each.
  package private(set) var unproven: [String] = []
  /// A hash over configuration, data, ledger and final weights, the same for everyone who has made this run; nil unless
  /// the audit is passed.
  package private(set) var digest: String?
  private let request: AuditRequest
  private let ledger: LedgerIndex
  private let checkpoints: CheckpointAudit
  private var samples = SampleAudit()
  private var replayed: [ReplayAudit.Choice] = []

  /// Whether no fault was found.
  package var isPassed: Bool { faults.isEmpty }

  /// Audits a run.
  ///
  /// - Throws: `RunError` with code `unusable` if there is nothing that could be audited.
  package init(_ request: AuditRequest) throws(RunError) {
    self.request = request
    let records = try RunRecords(request.run)
    ledger = try LedgerIndex(
      records.directory.ledger, from: 0, microBatches: records.identity.configuration.train.microBatches)
    guard let last = ledger.last else {
      throw RunError(.unusable, "\(ledger.path) has no line that could be audited; the run has taken no step yet")
    }
    checkpoints = try CheckpointAudit(records, ledger)
    samples.checkOrder(records, steps: 0..<min(last, ledger.steps.count - 1) + 1)
    try useData(records)
    faults = ledger.faults.text + checkpoints.faults.text + samples.faults.text + faults
    unproven = checkpoints.unproven + unproven
    if faults.isEmpty { digest = RunDigest.digest(records, ledger, weights: checkpoints.sound.last) }
  }

  /// Proves what needs the data, or says that it is not proven.
  private mutating func useData(_ records: RunRecords) throws(RunError) {
    guard let blueprint = try openData(records) else { return }
    try samples.checkContent(blueprint, ledger: ledger.path, steps: ledger.steps.count)
    var replay = ReplayAudit(request, records, ledger, checkpoints.sound)
    try replay.run(blueprint)
    replayed = replay.equal
    faults += replay.faults.text
    unproven += replay.unproven
  }

  /// The run with its data; nil, after a note of what is not proven, if that is not here.
  private mutating func openData(_ records: RunRecords) throws(RunError) -> Blueprint? {
    let consequence = "which samples the steps read, and their gradients: "
    guard request.readsData else {
      unproven.append(consequence + "the data was not read (--no-data)")
      return nil
    }
    do throws(RunError) {
      let blueprint = try records.blueprint(request.overrides)
      let today = try RunIdentity(blueprint).data
      guard today.train == records.identity.data.train, today.classes == records.identity.data.classes else {
        let change = records.identity.data.differences(to: today).first
        let words = change.map { "\($0.name) was \($0.before), here it is \($0.after)" } ?? "the coverage differs"
        unproven.append(consequence + "the data here is not the run's (\(words))")
        return nil
      }
      return blueprint
    } catch {
      // What the user has said of the place is an error of the user's.
      guard request.overrides.isEmpty else { throw error }
      unproven.append(consequence + "the data is not here (\(error)); name it with --set data.path=DIR")
      return nil
    }
  }
}

extension Audit {
  /// Prints the verdict: what is proven, what is not, and each fault.
  ///
  /// - Throws: `RunError` with code `failed` if a fault was found.
  package func report(asJSON: Bool) throws(RunError) {
    if asJSON { Report.json(record) } else { printText() }
    guard isPassed else {
      let count = faults.count == 1 ? "a fault" : "\(faults.count) faults"
      throw RunError(.failed, "\(request.run): the audit found \(count): \(faults[0])")
    }
  }

  private func printText() {
    let loose = Display.count(samples.looseSamples)
    let rows = [
      ("ledger", "\(Display.count(ledger.steps.count)) lines"),
      ("epochs", "\(samples.wholeEpochs) whole, and \(loose) samples beside them, none twice"),
      ("samples", "of \(Display.count(samples.stepsRead)) steps are those of the data"),
      ("checkpoints", checkpoints.sound.isEmpty ? "none" : checkpoints.sound.map(\.entry.name).joined(separator: ", ")),
      ("weights", checkpoints.sound.last.map { "SHA-256 \($0.weightsSHA256) after \($0.entry.step) steps" } ?? "none"),
      ("replay", "\(replayed.count) micro-batches computed again are equal (--seed \(request.seed))"),
    ]
    for (name, text) in rows { print(name + String(repeating: " ", count: 14 - name.count) + text) }
    for sentence in unproven { print("not proven: \(sentence)") }
    for sentence in faults { print("fault: \(sentence)") }
    print(digest.map { "PASSED \($0)" } ?? "FAILED")
  }

  private var record: [String: ReportValue] {
    let replays = replayed.map {
      ReportValue.record(["step": .integer($0.step), "micro-batch": .integer($0.microBatch)])
    }
    return [
      "passed": .truth(isPassed), "digest": digest.map { .text($0) } ?? .nothing,
      "faults": .list(faults.map { .text($0) }), "unproven": .list(unproven.map { .text($0) }),
      "lines": .integer(ledger.steps.count), "whole-epochs": .integer(samples.wholeEpochs),
      "loose-samples": .integer(samples.looseSamples), "steps-read": .integer(samples.stepsRead),
      "checkpoints": .list(checkpoints.sound.map { .text($0.entry.name) }),
      "weights-sha256": checkpoints.sound.last.map { .text($0.weightsSHA256) } ?? .nothing,
      "replayed": .list(replays), "seed": .text("\(request.seed)"),
    ]
  }
}
