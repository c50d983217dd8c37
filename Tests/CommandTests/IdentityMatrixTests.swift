import Foundation
import TestSupport
import Testing

/// What a run is made of, and each of its parts made different on one rank, between stop and resume, and between
/// training and evaluation: refused or said, every time.
@Suite(.serialized) struct IdentityMatrixTests {
  /// What differs.
  enum Part: String, CaseIterable {
    case model, pixel, className = "class name", aDefault = "default", kernels, program

    /// Words of which one must stand in what the user is told.
    var words: [String] {
      switch self {
      case .model: ["model"]
      case .pixel: ["content of the training data", "content of the test data"]
      case .className: ["class names"]
      case .aDefault: ["momentum", "label-smoothing"]
      case .kernels: ["kernel set"]
      case .program: ["program"]
      }
    }
  }

  /// Two places with the same run, of which `changed` has one part that is different.
  private struct Pair {
    let place: Workplace
    let part: Part

    init(_ part: Part, in place: Workplace) throws {
      (self.part, self.place) = (part, place)
      for folder in ["same", "changed"] {
        try Self.write(folder, in: place, isChanged: folder == "changed" ? part : nil)
      }
    }

    private static func write(_ folder: String, in place: Workplace, isChanged part: Part?) throws {
      let activation = part == .model ? "tanh" : "relu"
      try place.write(
        "input: [3, 32, 32]\nlayers: [{convolution: {channels: 2, stride: 4}}, \(activation), flatten, "
          + "{dense: {features: 10}}]\n", to: "\(folder)/m.yaml")
      try place.write(
        """
        model: {file: m.yaml}
        lanes: 1
        data: {format: cifar10, path: data}
        train: {steps: 8, global-batch: 12, micro-batch: 3, schedule: {constant: {rate: 0.01}}}
        checkpoint: {every-steps: 4, every-epochs: null, keep: 9}

        """, to: "\(folder)/c.yaml")
      for number in 0...5 {
        let name = number == 0 ? "test_batch" : "data_batch_\(number)"
        var bytes: [UInt8] = []
        for record in 0..<5 {
          bytes.append(UInt8(record + 5 * (number % 2)))
          for index in 0..<3072 { bytes.append(UInt8(truncatingIfNeeded: index * (record + 7) + number)) }
        }
        if part == .pixel, number == 3 { bytes[2 * 3073 + 1500] ^= 1 }
        try place.write(bytes, to: "\(folder)/data/\(name).bin")
      }
      let names = (0..<10).map { $0 == 4 && part == .className ? "zebra" : "class-\($0)" }
      try place.write(names.joined(separator: "\n") + "\n", to: "\(folder)/data/batches.meta.txt")
    }

    /// The command of the program in a folder of the pair, with the environment and the options that make it differ.
    func command(_ arguments: [String], isChanged: Bool, option: String) throws -> [String] {
      var program = try Programs.path(of: "cnn-dist")
      if isChanged, part == .program {
        // The same code in another file: what lies behind the end of a program is not loaded.
        let copy = place.path + "/other-cnn-dist"
        if !FileManager.default.fileExists(atPath: copy) {
          try FileManager.default.copyItem(atPath: program, toPath: copy)
          let file = try #require(FileHandle(forWritingAtPath: copy))
          try file.seekToEnd()
          try file.write(contentsOf: Data([0]))
          try file.close()
        }
        program = copy
      }
      // Kernels that every x86-64 processor has, and that none would choose today.
      let pin = isChanged && part == .kernels ? ["env", "OPENBLAS_CORETYPE=Prescott"] : []
      return pin + [program] + arguments + (isChanged && part == .aDefault ? ["--set", option] : [])
    }

    /// Puts what differs in the place of what the run began with.
    func replace() throws {
      for name in ["m.yaml", "data"] {
        try FileManager.default.removeItem(atPath: place.path + "/same/" + name)
        try FileManager.default.copyItem(
          atPath: place.path + "/changed/" + name, toPath: place.path + "/same/" + name)
      }
    }

    func train() throws {
      let run = try Programs.run(
        try command(["train", "c.yaml", "--run-dir", "run"], isChanged: false, option: ""), in: place.path + "/same")
      try #require(run.status == 0, "\(run.everything)")
    }
  }

  private func expectSaid(_ part: Part, _ outcome: Programs.Outcome, _ moment: String) {
    let lines = outcome.everything.split(separator: "\n").filter { $0.contains("note: ") || $0.contains("error: ") }
    let isSaid = lines.contains { line in part.words.contains { line.contains($0) } }
    #expect(isSaid, "\(part.rawValue) \(moment): \(outcome.everything)")
    #expect([0, 2].contains(outcome.status), "\(part.rawValue) \(moment): \(outcome.everything)")
  }

  @Test(.timeLimit(.minutes(4)), arguments: Part.allCases)
  func `a part that differs on one rank of three is refused, with the rank and the part`(part: Part) throws {
    try Workplace.run { place throws in
      let pair = try Pair(part, in: place)
      let rank = { (isChanged: Bool) throws -> [String] in
        let folder = place.path + (isChanged ? "/changed" : "/same")
        let arguments = ["train", folder + "/c.yaml", "--run-dir", place.path + "/run"]
        return ["-n", "1"]
          + (try pair.command(arguments, isChanged: isChanged, option: "train.optimizer.sgd.momentum=0.8"))
      }
      let words = Array(Programs.mpirun(ranks: 1, []).dropLast(2))
      let outcome = try Programs.run(
        words + rank(false) + [":"] + rank(true) + [":"] + rank(false), in: place.path, deadline: 90)
      expectRefusal(outcome, ["rank 1:", "rank 0"])
      expectSaid(part, outcome, "on rank 1")
      #expect(!place.exists("run"), "nothing was begun")
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: Part.allCases)
  func `a part that differs between stop and resume is refused or said`(part: Part) throws {
    try Workplace.run { place throws in
      let pair = try Pair(part, in: place)
      try pair.train()
      try pair.replace()
      let resume = ["train", "--run-dir", "run", "--resume", "--set", "train.steps=12"]
      let outcome = try Programs.run(
        try pair.command(resume, isChanged: true, option: "train.optimizer.sgd.momentum=0.8"),
        in: place.path + "/same")
      expectSaid(part, outcome, "on resume")
      #expect(outcome.status == (part == .className ? 2 : 0), "\(outcome.everything)")
      guard part == .model else { return }
      // The configuration that names the changed file is another matter: the user asks for that model.
      expectRefusal(
        try Programs.run(
          try pair.command(
            ["train", "c.yaml", "--run-dir", "run", "--resume", "--set", "train.steps=16"], isChanged: false, option: ""
          ),
          in: place.path + "/same"), ["model", "relu", "tanh"])
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: Part.allCases)
  func `a part that differs between training and evaluation is refused or said`(part: Part) throws {
    try Workplace.run { place throws in
      let pair = try Pair(part, in: place)
      try pair.train()
      let evaluate = ["evaluate", "--checkpoint", "run/checkpoints/latest"]
      let before = try Programs.run(
        try pair.command(evaluate, isChanged: false, option: ""), in: place.path + "/same")
      try #require(before.status == 0 && before.errors.isEmpty, "\(before.everything)")
      try pair.replace()
      let outcome = try Programs.run(
        try pair.command(evaluate, isChanged: true, option: "train.loss={cross-entropy: {label-smoothing: 0.2}}"),
        in: place.path + "/same")
      expectSaid(part, outcome, "on evaluation")
      #expect(outcome.status == (part == .className ? 2 : 0), "\(outcome.everything)")
      // The checkpoint's own model scores as it did.
      if part == .model { #expect(outcome.output == before.output) }
    }
  }

  @Test(.timeLimit(.minutes(4))) func `a replay tells other images from another gradient`() throws {
    try Workplace.run { place throws in
      let pair = try Pair(.pixel, in: place)
      try pair.train()
      let replay = { (step: Int) in
        try place.cnnDist([
          "debug", "replay", "--checkpoint", "same/run/checkpoints/step-0000004", "--step", "\(step)", "--rank", "0",
          "--workers", "1",
        ])
      }
      for step in 4..<8 { #expect(try replay(step).status == 0) }
      try pair.replace()
      // 25 samples in batches of 12: three steps in a row see each of them.
      let outcomes = try (4..<7).map(replay)
      #expect(outcomes.contains { $0.status == 1 && $0.errors.contains("others than the run has seen") })
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: [nil, 2])
  func `a class more is said as that, and not as a model that does not fit`(ranks: Int?) throws {
    try Workplace.run { place throws in
      let bytes = { (count: Int) in (0..<count).map { UInt8($0 % 5) } }
      func write(classes: Int) throws {
        for (name, count) in [("train", 40), ("t10k", 10)] {
          let head: (UInt8, [UInt8]) -> [UInt8] = { [0, 0, 8, $0] + [0, 0, 0, UInt8(count)] + $1 }
          try place.write(
            head(3, [0, 0, 0, 4, 0, 0, 0, 4]) + bytes(16 * count), to: "data/\(name)-images-idx3-ubyte")
          try place.write(
            head(1, []) + (0..<count).map { UInt8($0 % classes) }, to: "data/\(name)-labels-idx1-ubyte")
        }
      }
      try write(classes: 3)
      try place.write("input: [1, 4, 4]\nlayers: [flatten, {dense: {features: 3}}]\n", to: "m.yaml")
      let settings = ["data={format: idx, path: data}", "model={file: m.yaml}", "train.steps=4", "lanes=1"]
      let run = try place.cnnDist(["train", "--run-dir", "run"] + Workplace.sets(settings))
      try #require(run.status == 0, "\(run.everything)")
      try write(classes: 4)
      for command in [
        ["train", "--run-dir", "run", "--resume", "--set", "train.steps=8"],
        ["evaluate", "--checkpoint", "run/checkpoints/latest"],
      ] {
        expectRefusal(try place.cnnDist(command, ranks: ranks), ["class names: 3 classes", "as class 3 of 4 here"])
      }
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `a checkpoint copied alone can be evaluated and replayed without the model file`() throws {
    try Workplace.run { place throws in
      let pair = try Pair(.model, in: place)
      try pair.train()
      let before = try place.cnnDist(["evaluate", "--checkpoint", "same/run/checkpoints/step-0000008"])
      let ledger = try place.text("same/run/ledger.jsonl")
      try FileManager.default.createDirectory(atPath: place.path + "/alone", withIntermediateDirectories: true)
      for step in ["step-0000004", "step-0000008"] {
        try FileManager.default.copyItem(
          atPath: place.path + "/same/run/checkpoints/\(step)", toPath: place.path + "/alone/\(step)")
      }
      try FileManager.default.removeItem(atPath: place.path + "/same/run")
      try FileManager.default.removeItem(atPath: place.path + "/same/m.yaml")
      let after = try place.cnnDist(["evaluate", "--checkpoint", "alone/step-0000008"])
      #expect(after.status == 0, "\(after.everything)")
      #expect(after.output.split(separator: ":").last == before.output.split(separator: ":").last)
      let replay = ["debug", "replay", "--checkpoint", "alone/step-0000004", "--step", "6", "--micro-batch", "2"]
      let without = try place.cnnDist(replay)
      #expect(without.status == 0 && without.errors.contains("--ledger"), "\(without.everything)")
      try place.write(ledger, to: "ledger.jsonl")
      let with = try place.cnnDist(replay + ["--ledger", "ledger.jsonl"])
      #expect(with.status == 0 && with.output.contains("equals the ledger's"), "\(with.everything)")
    }
  }
}
