import Checkpoints
import Foundation
import Randomness
import Supervisor
import TestSupport
import Testing

/// `cnn-dist launch` with real processes, real signals, and a look at what is left.
@Suite(.serialized) struct LaunchTests {
  private static let settings = [
    "data.train-count=301", "data.test-count=83", "train.steps=1500", "train.global-batch=32", "train.micro-batch=4",
    "lanes=1", "evaluate.every-epochs=40", "checkpoint.every-epochs=4", "train.schedule={constant: {rate: 0.01}}",
  ]
  /// Steps of several seconds, more than the two that Open MPI leaves to its ranks.
  private static let slow = ["train.global-batch=32768", "train.micro-batch=64", "checkpoint.every-epochs=null"]

  @Test(.timeLimit(.minutes(5)))
  func `a run whose ranks are killed ends with the bits of one that was left alone`() throws {
    try LaunchPlace.run { place throws in
      let whole = try place.finish(place.launch("whole", ranks: 2, Self.settings))
      try #require(whole.status == 0, "\(whole.everything)")
      let job = try place.launch("run", ranks: 3, Self.settings, options: ["--max-restarts", "20"])
      var random = RandomStream(seed: 5, purpose: .testing)
      for _ in 0..<3 {
        // However long they take to start.
        try place.awaitRanks("run")
        usleep(useconds_t(random.pick(600_000...1_800_000)))
        place.ranks("run").shuffled(by: &random).first.map { _ = kill($0, SIGKILL) }
      }
      let outcome = try place.finish(job)
      #expect(outcome.status == 0 && outcome.lastWord == whole.lastWord, "\(outcome.everything)")
      #expect(outcome.errors.contains("ended by signal 9 (SIGKILL)"), "\(outcome.everything)")
      #expect(!place.exists("run/failure.json"))
    }
  }

  @Test(.timeLimit(.minutes(3)), arguments: [SIGTERM, SIGINT, SIGHUP])
  func `a signal saves and stops`(number: Int32) throws {
    try LaunchPlace.run { place throws in
      let job = try place.launch("run", ranks: 2, Self.settings + ["train.steps=1000000"])
      try place.awaitSteps("run", 1)
      kill(job.identifier, number)
      let outcome = try place.finish(job)
      #expect(outcome.status == 3, "\(outcome.everything)")
      #expect(place.exists("run/checkpoints/latest"))
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a signal saves and stops, also with steps of seconds`() throws {
    try LaunchPlace.run { place throws in
      let job = try place.launch("run", ranks: 2, Self.settings + Self.slow)
      try place.awaitSteps("run", 1)
      kill(job.identifier, SIGTERM)
      let outcome = try place.finish(job)
      #expect(outcome.status == 3, "\(outcome.everything)")
      #expect(place.exists("run/checkpoints/latest"))
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a second signal ends everything at once`() throws {
    try LaunchPlace.run { place throws in
      let job = try place.launch("run", ranks: 2, Self.settings + Self.slow + ["train.global-batch=1048576"])
      try job.await("run directory")
      usleep(500_000)
      kill(job.identifier, SIGINT)
      usleep(500_000)
      #expect(job.isRunning, "the first waits for the end of the step")
      kill(job.identifier, SIGINT)
      let outcome = try place.finish(job, deadline: 15)
      #expect(outcome.status == 130, "\(outcome.everything)")
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `ranks that do not save in the time given are ended`() throws {
    try LaunchPlace.run { place throws in
      let job = try place.launch(
        "run", ranks: 2, Self.settings + Self.slow + ["train.global-batch=1048576"], options: ["--grace", "1"])
      try job.await("run directory")
      usleep(500_000)
      kill(job.identifier, SIGTERM)
      let outcome = try place.finish(job, deadline: 15)
      #expect(outcome.status == 143 && outcome.errors.contains("--grace"), "\(outcome.everything)")
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a launch that is killed leaves nothing behind`() throws {
    try LaunchPlace.run { place throws in
      let job = try place.launch("run", ranks: 3, Self.settings + ["train.steps=1000000"])
      try place.awaitSteps("run", 1)
      #expect(place.ranks("run").count == 3)
      kill(job.identifier, SIGKILL)
      #expect(try place.finish(job, patience: 15).status == 137)
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `what fails twice in the same way is not tried again`() throws {
    try LaunchPlace.run { place throws in
      let job = try place.launch("run", ranks: 2, Self.settings + ["train.schedule={constant: {rate: 1000}}"])
      let outcome = try place.finish(job)
      #expect(outcome.status == 6, "\(outcome.everything)")
      #expect(
        outcome.errors.contains("restart 1 of 3") && !outcome.errors.contains("restart 2 of 3"), "\(outcome.everything)"
      )
      #expect(outcome.errors.contains("has failed twice in the same way"), "\(outcome.everything)")
      #expect(outcome.errors.split(separator: "\n").last?.contains("--resume auto") == true, "\(outcome.everything)")
      let written = FailureRecord(readFrom: place.path + "/run/failure.json")
      #expect(written?.cause.contains("not finite") == true)
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `what cannot be used is said once`() throws {
    try LaunchPlace.run { place throws in
      let outcome = try place.finish(place.launch("run", ranks: 2, ["train.micro-batch=-3"]))
      #expect(outcome.status == 2 && !outcome.errors.contains("restart"), "\(outcome.everything)")
      #expect(
        outcome.errors.split(separator: "\n").count { $0.contains("micro-batch") && !$0.contains("runs mpirun") } == 1)
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a run without a directory gets one, and goes on there`() throws {
    try LaunchPlace.run { place throws in
      let words = ["launch", "-n", "2", "--max-restarts", "9", "train"] + LaunchPlace.sets(Self.settings)
      let job = try RunningProgram([try Programs.path(of: "cnn-dist")] + words, in: place.path)
      try place.awaitSteps("runs/lenet5-digits-001", 20)
      place.ranks("runs/lenet5-digits-001").first.map { _ = kill($0, SIGKILL) }
      let outcome = try place.finish(job)
      #expect(outcome.status == 0 && outcome.errors.contains("restart 1 of 9"), "\(outcome.everything)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.path + "/runs") == ["lenet5-digits-001"])
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a host that does not answer is left out while enough ranks remain`() throws {
    try LaunchPlace.run { place throws in
      let hosts = ["--hosts", "localhost:1,nowhere.invalid:1", "--agent", "false"]
      let settings = Self.settings + ["train.steps=5"]
      let outcome = try place.finish(place.launch("run", ranks: 2, settings, options: hosts))
      #expect(
        outcome.status == 0 && outcome.errors.contains("nowhere.invalid does not answer"), "\(outcome.everything)")
      let few = try place.finish(place.launch("other", ranks: 2, settings, options: hosts + ["--min-ranks", "2"]))
      #expect(few.status == 69 && few.errors.contains("--min-ranks"), "\(few.everything)")
      #expect(!place.exists("other"))
    }
  }

  @Test func `a dry run shows the command and starts nothing`() throws {
    try LaunchPlace.run { place throws in
      let outcome = try place.finish(place.launch("run", ranks: 2, [], options: ["--dry-run"]))
      #expect(outcome.status == 0 && outcome.output.contains("mpirun -n 2") && !place.exists("run"))
      #expect(outcome.output.contains("each with a full replica"))
    }
  }

  @Test(arguments: [
    (["-n", "0", "train"], 64, "-n must"), (["-n", "2"], 64, "name the command"),
    (["-n", "2", "plan"], 2, "launch starts"),
    (["-n", "2", "train", "--debug"], 2, "one process"), (["-n", "2", "train", "--unknown"], 64, "--unknown"),
    (["-n", "2", "--mpirun", "/nowhere", "train"], 2, "install Open MPI"),
    (["-n", "2", "--hosts", "a:", "train"], 2, "a:"),
    (["-n", "2", "--min-ranks", "3", "train"], 64, "--min-ranks"),
    (["-n", "2", "--hostfile", "none", "train"], 2, "--hostfile"),
  ])
  func `wrong usage is refused in one sentence`(words: [String], status: Int32, part: String) throws {
    try LaunchPlace.run { place throws in
      let job = try RunningProgram([try Programs.path(of: "cnn-dist"), "launch"] + words, in: place.path)
      let outcome = try place.finish(job)
      #expect(outcome.status == status && outcome.errors.contains(part), "\(outcome.everything)")
      #expect(!place.exists("runs/lenet5-digits-001"))
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `evaluation is launched, too`() throws {
    try LaunchPlace.run { place throws in
      _ = try place.finish(place.launch("run", ranks: 2, Self.settings + ["train.steps=3"]))
      let words = ["launch", "-n", "2", "evaluate", "--checkpoint", "run/checkpoints/latest"]
      let outcome = try place.finish(RunningProgram([try Programs.path(of: "cnn-dist")] + words, in: place.path))
      #expect(outcome.status == 0 && outcome.output.contains("of 83"), "\(outcome.everything)")
    }
  }
}

/// A folder for a test, and what is left of a launch that ran in it.
private struct LaunchPlace {
  let path: String

  static func run(_ body: (LaunchPlace) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("launch-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(LaunchPlace(path: url.path))
  }

  static func sets(_ settings: [String]) -> [String] { settings.flatMap { ["--set", $0] } }

  /// Starts a training run under launch.
  func launch(_ run: String, ranks: Int, _ settings: [String], options: [String] = []) throws -> RunningProgram {
    let words = ["launch", "-n", "\(ranks)"] + options + ["train", "--run-dir", run] + Self.sets(settings)
    return try RunningProgram([try Programs.path(of: "cnn-dist")] + words, in: path)
  }

  /// Waits for the end, and then looks for what is left: processes, and files of this launch.
  func finish(_ job: RunningProgram, deadline: Int = 150, patience: Double = 2) throws -> Programs.Outcome {
    let mark = "cnn-dist-launch-\(job.identifier)-"
    let outcome = try job.finish(deadline: deadline)
    var left = traces(mark)
    let started = ContinuousClock.now
    while !left.isEmpty, ContinuousClock.now - started < .seconds(patience) {
      usleep(50_000)
      left = traces(mark)
    }
    #expect(left.isEmpty, "left behind: \(left)")
    return outcome
  }

  /// Files by the name of a launch, and processes that run in this folder or look after the launch.
  private func traces(_ mark: String) -> [String] {
    let files = [LaunchSession.temporary, "/dev/shm"].flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix(mark) }
    }
    return files + processes { self.isHere($0) || Self.text($0, "cmdline").contains(mark) }.map { "process \($0)" }
  }

  /// The ranks of a run in this folder.
  func ranks(_ run: String) -> [Int32] {
    processes { number in
      let words = Self.text(number, "cmdline").split(separator: "\0")
      return isHere(number) && words.first?.hasSuffix("/cnn-dist") == true && words.dropFirst().first == "train"
        && words.contains { $0 == run }
    }
  }

  private func isHere(_ number: Int32) -> Bool {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(number)/cwd")) == path
  }

  private func processes(_ matches: (Int32) -> Bool) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    // Zombies have no command line.
    return names.compactMap { Int32($0) }.filter { !Self.text($0, "cmdline").isEmpty && matches($0) }
  }

  private static func text(_ number: Int32, _ file: String) -> String {
    String(decoding: FileManager.default.contents(atPath: "/proc/\(number)/\(file)") ?? Data(), as: UTF8.self)
  }

  /// Waits until so many steps are in the ledger.
  func awaitSteps(_ run: String, _ steps: Int) throws {
    for _ in 0..<3000 {
      let ledger = FileManager.default.contents(atPath: "\(path)/\(run)/ledger.jsonl") ?? Data()
      if ledger.count(where: { $0 == UInt8(ascii: "\n") }) >= steps { return }
      usleep(20_000)
    }
    throw LaunchError("\(run) took no \(steps) steps in a minute")
  }

  /// Waits until a run has ranks.
  func awaitRanks(_ run: String) throws {
    for _ in 0..<3000 {
      guard ranks(run).isEmpty else { return }
      usleep(20_000)
    }
    throw LaunchError("\(run) had no ranks for a minute")
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
}

extension Programs.Outcome {
  /// The last word of the output: the hash of the weights.
  fileprivate var lastWord: Substring? { lastLine.split(separator: " ").last }
}

extension Array {
  /// The elements in a random order.
  fileprivate func shuffled(by random: inout RandomStream) -> [Element] {
    var rest = self
    return indices.map { _ in rest.remove(at: random.pick(0...rest.count - 1)) }
  }
}
