import Foundation
import TestSupport
import Testing

/// Resuming: what is refused, and that nothing else ever changes the weights.
@Suite(.serialized) struct ResumeTests {
  private static let saving = ["checkpoint.every-steps=4", "checkpoint.keep=9"]

  @Test func `foreign, damaged and incompatible checkpoints are refused`() throws {
    try Workplace.run { place throws in
      #expect(try place.train("run", Self.saving).status == 0)
      let resume = { (settings: [String], name: String) in
        try place.train("run", Self.saving + settings, options: ["--resume", name])
      }
      let complete = try resume([], "latest")
      #expect(complete.status == 0 && complete.output.contains("already complete"), "\(complete.everything)")
      expectRefusal(try resume([], "step-0000005"), ["step-0000005", "step-0000004"])
      expectRefusal(try resume(["model=mlp"], "step-0000008"), ["model", "lenet5", "mlp"])
      expectRefusal(try resume(["seed=2"], "step-0000008"), ["seed", "2"])
      expectRefusal(try resume(["train.micro-batch=8"], "step-0000008"), ["train.micro-batch"])
      try FileManager.default.createDirectory(
        atPath: place.path + "/run/checkpoints/foreign", withIntermediateDirectories: true)
      expectRefusal(try resume([], "foreign"), ["foreign", "not a cnn-dist checkpoint", "manifest.json"])
      for file in ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"] {
        try flip(place, "run/checkpoints/step-0000008/\(file)") {
          expectRefusal(try resume([], "step-0000008"), ["step-0000008"])
          let verified = try place.cnnDist(["checkpoint", "verify", "run/checkpoints/step-0000008"])
          #expect(verified.status == 2, "\(file): \(verified.everything)")
        }
      }
      #expect(try place.cnnDist(["checkpoint", "verify", "run/checkpoints/step-0000008"]).status == 0)
    }
  }

  /// Changes one byte in the middle of a file while `body` runs.
  private func flip(_ place: Workplace, _ name: String, _ body: () throws -> Void) throws {
    let url = URL(fileURLWithPath: place.path + "/" + name)
    let good = try Data(contentsOf: url)
    var bad = good
    bad[bad.count / 2] ^= 0x10
    try bad.write(to: url)
    try body()
    try good.write(to: url)
  }

  @Test func `a resumed run on other ranks and lanes ends with the same bits`() throws {
    try Workplace.run { place throws in
      let expected = try place.hash("whole", Self.saving)
      let ledger = try place.text("whole/ledger.jsonl")
      for (ranks, lanes, from) in [(3, 1, "step-0000004"), (1, 2, "step-0000008"), (2, 2, "step-0000004")] {
        try? FileManager.default.removeItem(atPath: place.path + "/part")
        try FileManager.default.copyItem(atPath: place.path + "/whole", toPath: place.path + "/part")
        let hash = try place.hash(
          "part", Self.saving + ["lanes=\(lanes)"], ranks: ranks, options: ["--resume", from])
        #expect(hash == expected, "\(ranks) ranks × \(lanes) lanes from \(from)")
        #expect(try place.text("part/ledger.jsonl") == ledger)
      }
    }
  }

  @Test func `a changed schedule is allowed and said`() throws {
    try Workplace.run { place throws in
      #expect(try place.train("run", Self.saving).status == 0)
      let longer = try place.train("run", Self.saving + ["train.steps=16"], options: ["--resume"])
      #expect(longer.status == 0 && longer.errors.contains("train.steps changes from 12 to 16"), "\(longer.everything)")
    }
  }

  @Test func `resuming without a checkpoint starts at step 0 and says so`() throws {
    try Workplace.run { place throws in
      expectRefusal(
        try place.cnnDist(["train", "--resume"] + Workplace.sets(Workplace.tiny)), ["--resume", "--run-dir"])
      let expected = try place.hash("run")
      try FileManager.default.removeItem(atPath: place.path + "/run/checkpoints")
      try FileManager.default.createDirectory(
        atPath: place.path + "/run/checkpoints", withIntermediateDirectories: true)
      let again = try place.train("run", options: ["--resume"])
      #expect(again.errors.contains("no checkpoint yet"), "\(again.everything)")
      #expect(again.lastLine.hasSuffix(expected))
      let lines = try place.text("run/ledger.jsonl").split(separator: "\n")
      #expect(lines.count == 12)
    }
  }

  @Test func `a run that died between its last checkpoint and its summary is brought to its end`() throws {
    try Workplace.run { place throws in
      let expected = try place.hash("run", Self.saving)
      let (ledger, results) = (try place.text("run/ledger.jsonl"), try results(place))
      // What a run that was stopped at step 4 and went on has lying there until its end.
      for stale in [nil, "{}", try place.text("run/summary.json").replacing("\"steps\" : 12", with: "\"steps\" : 4")] {
        try FileManager.default.removeItem(atPath: place.path + "/run/summary.json")
        if let stale { try place.write(stale, to: "run/summary.json") }
        let hash = try place.hash("run", Self.saving, ranks: 2, options: ["--resume"])
        #expect(hash == expected)
        #expect(try place.text("run/ledger.jsonl") == ledger)
        #expect(try self.results(place) == results)
      }
      let again = try place.train("run", Self.saving, options: ["--resume"])
      #expect(again.status == 0 && again.lastLine.hasSuffix(expected), "\(again.everything)")
      let shorter = Self.saving + ["train.steps=8"]
      expectRefusal(try place.train("run", shorter, options: ["--resume", "step-0000008"]), ["gone further"])
      #expect(place.exists("run/checkpoints/step-0000012"), "a refused run has removed a later checkpoint")
    }
  }

  /// What `summary.json` tells of the training, whatever ran it and for how long.
  private func results(_ place: Workplace) throws -> NSDictionary {
    let summary = try JSONSerialization.jsonObject(with: Data(try place.text("run/summary.json").utf8))
    var results = try #require(summary as? [String: Any])
    for key in ["images-per-second", "wall-seconds", "workers", "lanes"] {
      #expect(results.removeValue(forKey: key) != nil, "no \(key)")
    }
    return results as NSDictionary
  }

  @Test(.timeLimit(.minutes(6)))
  func `a job that is killed again and again ends with the same bits`() throws {
    let settings = ["train.steps=400", "checkpoint.every-steps=20", "evaluate.every-epochs=null"]
    try Workplace.run { place throws in
      let expected = try place.hash("whole", settings)
      let ledger = try place.text("whole/ledger.jsonl")
      var random = SystemRandomNumberGenerator()
      for _ in 0..<5 {
        let ranks = Int.random(in: 1...4, using: &random)
        let options = place.exists("killed") ? ["--resume", "auto"] : []
        let job = try place.start(
          ["train", "--run-dir", "killed"] + options + Workplace.sets(Workplace.tiny + settings), ranks: ranks)
        usleep(UInt32.random(in: 300_000...1_500_000, using: &random))
        _ = try Programs.run(["pkill", "-KILL", "-f", "--", "cnn-dist train --run-dir killed"])
        _ = try job.finish(deadline: 90)
        if place.exists("killed/summary.json") { break }
      }
      let hash =
        place.exists("killed/summary.json")
        ? try done(place)
        : try place.hash(
          "killed", settings, ranks: 2, options: ["--resume", "auto"])
      #expect(hash == expected)
      #expect(try place.text("killed/ledger.jsonl") == ledger, "a step is missing, doubled or different in the ledger")
    }
  }

  private func done(_ place: Workplace) throws -> String {
    try place.cnnDist(["checkpoint", "show", "--hash", "killed/checkpoints/latest"]).lastLine
  }

  @Test func `a full disk ends the run and leaves the checkpoint before it whole`() throws {
    try Workplace.run { place throws in
      let program = try Programs.path(of: "cnn-dist")
      let words = ["train", "--run-dir", "run"] + Workplace.sets(Workplace.tiny + Self.saving)
      #expect(try place.train("run", Self.saving + ["train.steps=4"]).status == 0)
      // Files of more than 100 KiB cannot be written; the weights alone take 240.
      let outcome = try Programs.run(
        ["bash", "-c", "ulimit -f 100; exec \"$0\" \"$@\"", program] + words + ["--resume"], in: place.path)
      #expect(outcome.status == 1, "\(outcome.everything)")
      #expect(outcome.errors.contains("could not be written"), "\(outcome.everything)")
      #expect(outcome.errors.contains("step-0000004 is intact"), "\(outcome.everything)")
      #expect(try place.cnnDist(["checkpoint", "verify", "run/checkpoints/latest"]).status == 0)
      #expect(try place.train("run", Self.saving, options: ["--resume"]).status == 0)
    }
  }
}
