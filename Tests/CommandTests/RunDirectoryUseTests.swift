import Foundation
import TestSupport
import Testing

/// One run, one writer; and a resume that a job script can use.
@Suite(.serialized) struct RunDirectoryUseTests {
  static let saving = ["checkpoint.every-steps=4", "checkpoint.keep=9"]

  @Test(.timeLimit(.minutes(4)))
  func `a second writer is refused, readers are not disturbed, and a dead writer holds nothing`() throws {
    try Workplace.run { place throws in
      let long = Workplace.sets(Workplace.tiny + Self.saving + ["train.steps=100000"])
      let job = try place.start(["train", "--run-dir", "run"] + long)
      for _ in 0..<1500 where job.isRunning && !place.exists("run/checkpoints/latest") { usleep(20_000) }
      let second = try place.cnnDist(["train", "--run-dir", "run", "--resume"])
      expectRefusal(second, ["run is in use by process \(job.identifier)", "--run-dir"])
      expectRefusal(try place.cnnDist(["train", "--run-dir", "run", "--resume", "auto"]), ["is in use"])
      #expect(try place.cnnDist(["checkpoint", "show", "run/checkpoints/latest"]).status == 0)
      #expect(try place.cnnDist(["evaluate", "--checkpoint", "run/checkpoints/latest"]).status == 0)
      kill(job.identifier, SIGKILL)
      _ = try job.finish(deadline: 30)
      // What speaks now is the run itself, not its lock.
      let rest = try place.cnnDist(["train", "--run-dir", "run", "--resume", "--set", "train.steps=1"])
      expectRefusal(rest, ["gone further"])
    }
  }

  @Test(.timeLimit(.minutes(4))) func `runs without a name that start together each get a directory`() throws {
    try Workplace.run { place throws in
      let jobs = try (0..<4).map { _ in
        try place.start(["train"] + Workplace.sets(Workplace.tiny))
      }
      for job in jobs {
        let outcome = try job.finish(deadline: 90)
        #expect(outcome.status == 0, "\(outcome.everything)")
      }
      let runs = try FileManager.default.contentsOfDirectory(atPath: place.path + "/runs").sorted()
      #expect(runs == (1...4).map { "lenet5-digits-00\($0)" })
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `resume auto starts, goes on, and ends with the same bits and exit code 0`() throws {
    try Workplace.run { place throws in
      let whole = try place.hash("whole", Self.saving)
      let auto = { (ranks: Int) in try place.train("run", Self.saving, ranks: ranks, options: ["--resume", "auto"]) }
      let first = try auto(2)
      #expect(first.status == 0 && first.lastLine.hasSuffix(whole), "\(first.everything)")
      // As if it had died after step 8.
      for name in ["step-0000012", "latest", "best"] {
        try FileManager.default.removeItem(atPath: place.path + "/run/checkpoints/" + name)
      }
      try FileManager.default.removeItem(atPath: place.path + "/run/summary.json")
      let second = try auto(3)
      #expect(second.status == 0 && second.lastLine.hasSuffix(whole), "\(second.everything)")
      #expect(try place.text("run/ledger.jsonl") == place.text("whole/ledger.jsonl"))
      for ranks in [1, 2] {
        let third = try auto(ranks)
        #expect(third.status == 0 && third.output.contains("already complete"), "\(third.everything)")
        #expect(third.lastLine.hasSuffix(whole))
      }
      expectRefusal(
        try place.cnnDist(["train", "--resume", "auto"] + Workplace.sets(Workplace.tiny)), ["--run-dir"])
    }
  }

  /// What may have befallen a run's newest checkpoint.
  enum Harm: CaseIterable, Sendable {
    case lostFile, lostManifest, flippedBit, torn, foreign

    /// What the notice says of it.
    var finding: String {
      switch self {
      case .lostFile: "state.json is missing"
      case .lostManifest: "manifest.json is missing"
      case .flippedBit: "SHA-256"
      case .torn: "bytes where its manifest says"
      case .foreign: "it is another run's: seed is 2 there and 1 in this run"
      }
    }

    /// Does it to the checkpoint `step`.
    func befall(_ step: String, _ place: Workplace) throws {
      let files = FileManager.default
      let (folder, model) = ("\(place.path)/\(step)", "\(place.path)/\(step)/model.safetensors")
      switch self {
      case .lostFile: try files.removeItem(atPath: folder + "/state.json")
      case .lostManifest: try files.removeItem(atPath: folder + "/manifest.json")
      case .flippedBit:
        var bytes = try Data(contentsOf: URL(fileURLWithPath: model))
        bytes[bytes.count - 9] ^= 4
        try bytes.write(to: URL(fileURLWithPath: model))
      case .torn:
        try Data(contentsOf: URL(fileURLWithPath: model)).dropLast(9).write(to: URL(fileURLWithPath: model))
      case .foreign:
        #expect(try place.train("other", RunDirectoryUseTests.saving + ["seed=2"]).status == 0)
        try files.removeItem(atPath: folder)
        try files.moveItem(atPath: place.path + "/other/checkpoints/step-0000012", toPath: folder)
      }
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: Harm.allCases)
  func `resume auto goes on from the checkpoint before a damaged one, with the same bits`(harm: Harm) throws {
    try Workplace.run { place throws in
      let whole = try place.hash("run", Self.saving)
      let ledger = try place.text("run/ledger.jsonl")
      try harm.befall("run/checkpoints/step-0000012", place)
      let outcome = try place.train("run", Self.saving, ranks: 2, options: ["--resume", "auto"])
      #expect(outcome.status == 0 && outcome.lastLine.hasSuffix(whole), "\(outcome.everything)")
      for part in ["step-0000012 is passed over", harm.finding, "goes on after step 10", "damaged-step-0000012"] {
        #expect(outcome.everything.contains(part), "\(outcome.everything)")
      }
      #expect(place.exists("run/checkpoints/damaged-step-0000012/optimizer.safetensors"))
      #expect(try place.text("run/ledger.jsonl") == ledger)
      // Who names a checkpoint gets that one or none.
      let named = place.path + "/run/checkpoints/damaged-step-0000012"
      if harm != .foreign {
        #expect(try place.train("run", Self.saving, options: ["--resume", named]).status == 2)
      }
    }
  }

  @Test func `resume auto refuses where all checkpoints are damaged, and removes nothing`() throws {
    try Workplace.run { place throws in
      #expect(try place.train("run", Self.saving).status == 0)
      // There is one at the end of the epoch, too.
      let steps = ["step-0000004", "step-0000008", "step-0000010", "step-0000012"]
      for (step, harm) in zip(steps, [Harm.lostFile, .flippedBit, .torn, .lostManifest]) {
        try harm.befall("run/checkpoints/" + step, place)
      }
      expectRefusal(
        try place.train("run", Self.saving, options: ["--resume", "auto"]), ["no checkpoint", "move them away"] + steps)
      for step in steps { #expect(place.exists("run/checkpoints/\(step)/model.safetensors")) }
    }
  }

  @Test func `a directory that holds no run is not taken for one`() throws {
    try Workplace.run { place throws in
      try place.write("hello", to: "foreign/notes.txt")
      try FileManager.default.createDirectory(
        atPath: place.path + "/empty/checkpoints", withIntermediateDirectories: true)
      for folder in ["foreign", "empty"] {
        for mode in ["latest", "auto"] {
          let outcome = try place.train(folder, options: ["--resume", mode])
          expectRefusal(outcome, [folder, "holds no run"])
        }
        expectRefusal(try place.train(folder, options: ["--resume", "best"]), ["holds no run"])
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.path + "/foreign") == ["notes.txt"])
      expectRefusal(try place.train("nowhere", options: ["--resume"]), ["nowhere", "--resume auto"])
      #expect(!place.exists("nowhere"))
    }
  }

  @Test(arguments: [
    "ledger.jsonl", "metrics.jsonl", "summary.json", "config.yaml", "identity.json", "lock", "checkpoints", "ranks",
  ])
  func `a symbolic link in a run directory is not written through`(name: String) throws {
    try Workplace.run { place throws in
      #expect(try place.train("run", Self.saving).status == 0)
      let original = place.path + "/run/" + name
      try FileManager.default.moveItem(atPath: original, toPath: place.path + "/elsewhere")
      let isFolder = ["checkpoints", "ranks"].contains(name)
      let before = isFolder ? "" : try place.text("elsewhere")
      try FileManager.default.createSymbolicLink(atPath: original, withDestinationPath: place.path + "/elsewhere")
      let outcome = try place.train("run", Self.saving + ["train.steps=16"], options: ["--resume"])
      expectRefusal(outcome, [name, "symbolic link"])
      if !isFolder { #expect(try place.text("elsewhere") == before) }
    }
  }

  @Test(.timeLimit(.minutes(4))) func `the metrics of a resumed run are those of an undisturbed one`() throws {
    try Workplace.run { place throws in
      let settings = ["train.steps=64", "checkpoint.every-steps=7", "checkpoint.keep=99"]
      #expect(try place.train("whole", settings).status == 0)
      #expect(try place.train("run", settings).status == 0)
      for from in ["step-0000021", "step-0000049", "step-0000007"] {
        let outcome = try place.train("run", settings, ranks: 2, options: ["--resume", from])
        #expect(outcome.status == 0, "\(outcome.everything)")
        #expect(try rows(place, "run") == rows(place, "whole"), "from \(from)")
      }
    }
  }

  /// Kind, step, loss and accuracy of each line of the metrics.
  private func rows(_ place: Workplace, _ run: String) throws -> [String] {
    try place.text("\(run)/metrics.jsonl").split(separator: "\n").map { line in
      let entry = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      return ["kind", "step", "loss", "accuracy", "samples", "learning-rate"].map { "\(entry[$0] ?? "-")" }
        .joined(separator: " ")
    }
  }

  @Test(.timeLimit(.minutes(4))) func `the configuration of a run repeats it, wherever the model file went`() throws {
    try Workplace.run { place throws in
      try place.write(
        "input: [1, 28, 28]\nlayers: [{convolution: {channels: 3}}, relu, flatten, {dense: {features: 10}}]\n",
        to: "models/m.yaml")
      let settings = Workplace.tiny.map { "--set=" + $0 }
      try place.write("model: {file: m.yaml}\n", to: "models/c.yaml")
      let first = try place.cnnDist(["train", "models/c.yaml", "--run-dir", "run"] + settings)
      try #require(first.status == 0, "\(first.everything)")
      try FileManager.default.removeItem(atPath: place.path + "/models")
      try FileManager.default.moveItem(atPath: place.path + "/run", toPath: place.path + "/moved")
      let again = try place.cnnDist(["train", "moved/config.yaml", "--run-dir", "again"])
      #expect(again.status == 0, "\(again.everything)")
      #expect(again.lastLine.split(separator: " ").last == first.lastLine.split(separator: " ").last)
      let text = try place.text("moved/config.yaml")
      for word in ["momentum: 0.9", "weight-decay: 0", "warm-up-epochs: 1", "label-smoothing: 0", "train-count: 301"] {
        #expect(text.contains(word), "\(word) is missing in \(text)")
      }
    }
  }

  @Test(.timeLimit(.minutes(4))) func `a schedule that jumps on resume is said with both rates`() throws {
    try Workplace.run { place throws in
      let settings = ["train.schedule={cosine: {peak: 0.02}}"]
      #expect(try place.train("run", settings).status == 0)
      let longer = try place.cnnDist(["train", "--run-dir", "run", "--resume", "--set", "train.steps=24"])
      #expect(longer.status == 0, "\(longer.everything)")
      #expect(longer.everything.contains("the learning rate jumps at step 12 from 3.407e-04 to 1.000e-02"))
      let same = try place.cnnDist(["train", "--run-dir", "run", "--resume"])
      #expect(!same.everything.contains("jumps"))
    }
  }

  /// What a process leaves behind that was killed after it had made the directory, and before it wrote its config.yaml.
  private func leaveUnborn(_ place: Workplace, _ name: String) throws {
    for folder in ["checkpoints", "ranks"] {
      try FileManager.default.createDirectory(
        atPath: "\(place.path)/\(name)/\(folder)", withIntermediateDirectories: true)
    }
    for file in ["lock", "ledger.jsonl", "metrics.jsonl", "identity.json"] {
      try place.write("", to: "\(name)/\(file)")
    }
  }

  @Test(arguments: [[], ["--resume", "auto"]])
  func `a run may begin where one was killed in its first moment`(options: [String]) throws {
    try Workplace.run { place throws in
      try leaveUnborn(place, "run")
      let settings = ["train.steps=2"]
      expectRefusal(try place.train("run", settings, options: ["--resume"]), ["holds no run", "without --resume"])
      #expect(try place.hash("run", settings, ranks: 2, options: options) == place.hash("other", settings))
    }
  }

  @Test func `a directory in which steps were taken is not taken for an empty one`() throws {
    try Workplace.run { place throws in
      try leaveUnborn(place, "run")
      try place.write("{\"step\": 0}\n", to: "run/ledger.jsonl")
      expectRefusal(try place.train("run", ["train.steps=2"]), ["already holds a run"])
      #expect(try place.text("run/ledger.jsonl") == "{\"step\": 0}\n")
    }
  }
}
