import Checkpoints
import Diagnostics
import Foundation
import Testing
import Training

/// The audit: it passes what is sound, whoever computed it, and finds each kind of fault.
@Suite(.serialized) struct AuditTests {
  private func audit(
    _ runs: LittleRuns, _ name: String, _ change: (inout AuditRequest) -> Void = { _ in }
  ) throws -> Audit {
    var request = AuditRequest(run: runs.of(name))
    change(&request)
    return try Audit(request)
  }

  @Test(.timeLimit(.minutes(4))) func `sound runs on any ranks pass with one digest`() throws {
    try LittleRuns.run { runs throws in
      try runs.train("alone")
      let others = [
        "exchange.bucket=1KiB", "exchange.timeout=9", "checkpoint.every-steps=5", "evaluate.every-epochs=1",
        "verify.recompute=0.5",
      ]
      try runs.train("three", others, ranks: 3)
      try runs.train("parts", ["train.steps=24"], ranks: 4)
      try runs.train("parts", [], ranks: 2, resume: "step-0000008")
      let audits = try ["alone", "three", "parts"].map { try audit(runs, $0) }
      for audit in audits { #expect(audit.faults == [] && audit.isPassed) }
      #expect(Set(audits.compactMap(\.digest)).count == 1)
      // Every gradient of the run, from the start on.
      let whole = try audit(runs, "alone") { ($0.sample, $0.reach) = (1000, 24) }
      #expect(whole.isPassed && whole.unproven == [], "\(whole.unproven)")
      #expect(whole.digest == audits[0].digest)
      let other = try { () throws in
        try runs.train("other", ["seed=2"])
        return try audit(runs, "other")
      }()
      #expect(other.isPassed && other.digest != whole.digest)
    }
  }

  @Test(.timeLimit(.minutes(4))) func `what was not read is not proven, and said`() throws {
    try LittleRuns.run { runs throws in
      try runs.train("run")
      let blind = try audit(runs, "run") { $0.readsData = false }
      #expect(blind.isPassed && blind.unproven.contains { $0.contains("--no-data") }, "\(blind.unproven)")
      let far = try audit(runs, "run") { $0.reach = 2 }
      #expect(far.isPassed && far.unproven.contains { $0.hasPrefix("the gradients of 18 of 24 steps") })
    }
  }

  @Test(.timeLimit(.minutes(4))) func `each change of the ledger is a fault`() throws {
    try LittleRuns.run { runs throws in
      try runs.train("run")
      try runs.train("foreign", ["train.schedule={constant: {rate: 0.02}}"])
      let foreign = try runs.text(RunDirectory(runs.of("foreign")).ledger).split(separator: "\n").map(String.init)
      let changes: [(String, (inout [String]) -> Void)] = [
        ("exchanged", { $0.swapAt(3, 17) }), ("exchanged", { $0.swapAt(0, 1) }),
        ("the line of step 12 is missing", { $0.remove(at: 12) }), ("step 0 is missing", { $0.remove(at: 0) }),
        ("lines of steps 4 to 6 are missing", { $0.removeSubrange(4...6) }),
        ("the ledger ends after 23", { $0.removeLast() }), ("doubled", { $0.insert($0[5], at: 6) }),
        ("doubled", { $0.append($0[2]) }), ("line 8 is cut off or is no JSON", { $0[7] = String($0[7].dropLast(9)) }),
        ("line 1", { $0[0] = "" }), ("line 6 lacks the key 'samples'", { $0[5] = "{\"step\": 5}" }),
        ("the ledger has", { $0[7] = foreign[7] }), ("step 2, micro-batch 0, replayed", { $0[2] = foreign[2] }),
        ("the samples that the data holds", { $0[11] = Self.changed($0[11], "samples") }),
        ("the weights after the step first", { $0[11] = Self.changed($0[11], "weights") }),
        ("the reduced gradient first", { $0[12] = Self.changed($0[12], "gradient") }),
        ("micro-batch", { $0[21] = Self.changed($0[21], "micro-batches") }), ("the ledger has", { $0 = foreign }),
      ]
      for (words, change) in changes {
        try runs.copy("run", to: "changed")
        try runs.edit("changed", change)
        let found = try audit(runs, "changed") { ($0.sample, $0.reach) = (1000, 24) }
        #expect(!found.isPassed && found.digest == nil)
        #expect(found.faults.contains { $0.contains(words) }, "no '\(words)': \(found.faults)")
      }
    }
  }

  /// The line with another first digit in the digest, or the first digest, at a key.
  private static func changed(_ line: String, _ key: String) -> String {
    guard let range = line.range(of: "\"\(key)\":") else { return line }
    let start = line[range.upperBound...].firstIndex { $0.isHexDigit } ?? line.endIndex
    return line.replacingCharacters(in: start...start, with: line[start] == "0" ? "1" : "0")
  }

  @Test(.timeLimit(.minutes(4))) func `each change of a checkpoint is a fault`() throws {
    try LittleRuns.run { runs throws in
      try runs.train("run")
      try runs.train("foreign", ["train.schedule={constant: {rate: 0.02}}"])
      let changes: [(String, (String) throws -> Void)] = [
        ("SHA-256", { try Self.flipByte($0 + "/model.safetensors") }),
        ("SHA-256", { try Self.flipByte($0 + "/optimizer.safetensors") }),
        ("manifest is missing", { try FileManager.default.removeItem(atPath: $0 + "/manifest.json") }),
        (
          "its weights have the digest",
          {
            try FileManager.default.removeItem(atPath: $0)
            try FileManager.default.copyItem(atPath: runs.checkpoint("foreign", 16), toPath: $0)
          }
        ),
        (
          "its weights have the digest",
          { _ in try runs.rewrite("changed", 16) { try? $0.model.flip("fc1.weight", 7) } }
        ),
      ]
      for (words, change) in changes {
        try runs.copy("run", to: "changed")
        try change(runs.checkpoint("changed", 16))
        let found = try audit(runs, "changed")
        #expect(!found.isPassed && found.faults.contains { $0.contains(words) }, "no '\(words)': \(found.faults)")
      }
      // The weights of the end are in no checkpoint, or others than the summary has.
      try runs.copy("run", to: "changed")
      try FileManager.default.removeItem(atPath: runs.checkpoint("changed", 24))
      #expect(try audit(runs, "changed").faults.contains { $0.contains("are in no sound checkpoint") })
      try runs.copy("run", to: "changed")
      try runs.copy("foreign/summary.json", to: "changed/summary.json")
      #expect(try audit(runs, "changed").faults.contains { $0.contains("has weights of SHA-256") })
    }
  }

  private static func flipByte(_ path: String) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 5] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
  }

  @Test(.timeLimit(.minutes(4))) func `values that were changed on a resume are said, or caught`() throws {
    try LittleRuns.run { runs throws in
      try runs.train("run")
      try runs.train("run", ["train.schedule={constant: {rate: 0.02}}"], resume: "step-0000008")
      let kept = try audit(runs, "run") { ($0.sample, $0.reach) = (1000, 24) }
      #expect(kept.isPassed, "\(kept.faults)")
      #expect(kept.unproven.contains { $0.contains("train.schedule") }, "\(kept.unproven)")
      try FileManager.default.removeItem(atPath: runs.checkpoint("run", 8))
      let gone = try audit(runs, "run") { ($0.sample, $0.reach) = (1000, 24) }
      #expect(gone.faults.contains { $0.contains("other rules") }, "\(gone.faults)")
    }
  }

  @Test(.timeLimit(.minutes(4))) func `what is no run is refused`() throws {
    try LittleRuns.run { runs throws in
      #expect(throws: RunError.self) { try audit(runs, "nothing") }
      try runs.train("run")
      try runs.edit("run") { $0 = [] }
      let error = #expect(throws: RunError.self) { try audit(runs, "run") }
      #expect(error?.code == .unusable)
      let moving = #expect(throws: RunError.self) { try audit(runs, "run") { $0.overrides = ["seed=2"] } }
      #expect(moving?.code == .unusable)
    }
  }
}
