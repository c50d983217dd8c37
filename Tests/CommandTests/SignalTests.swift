import Foundation
import TestSupport
import Testing

/// Signals: save and stop, or save and go on.
@Suite(.serialized) struct SignalTests {
  private static let long = [
    "train.steps=4000", "evaluate.every-epochs=null", "checkpoint.every-epochs=null",
    "train.schedule={constant: {rate: 0.01}}",
  ]

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func `a signal saves and stops, and the run can go on`(number: Int32) throws {
    try Workplace.run { place throws in
      let job = try place.start(
        ["train", "--run-dir", "run"] + Workplace.sets(Workplace.tiny + Self.long))
      try job.await("run directory")
      usleep(300_000)
      kill(job.identifier, number)
      let outcome = try job.finish(deadline: 90)
      #expect(outcome.status == 3, "\(outcome.everything)")
      #expect(outcome.errors.contains("--run-dir run --resume"), "\(outcome.everything)")
      try continued(place, from: "run", ranks: 2)
    }
  }

  @Test func `a signal to one of several ranks stops all of them`() throws {
    try Workplace.run { place throws in
      let job = try place.start(
        ["train", "--run-dir", "signalled"] + Workplace.sets(Workplace.tiny + Self.long), ranks: 3)
      try job.await("run directory")
      usleep(300_000)
      // The youngest of the processes is a rank, whichever it is.
      _ = try Programs.run(["pkill", "-TERM", "--newest", "-f", "--", "^[^ ]*cnn-dist train --run-dir signalled "])
      let outcome = try job.finish(deadline: 90)
      #expect(outcome.status == 3, "\(outcome.everything)")
      let sentences = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("cnn-dist:") }
      #expect(sentences.count == 1, "\(outcome.everything)")
      try continued(place, from: "signalled", ranks: 1)
    }
  }

  /// Resumes the stopped run on other ranks and compares it with one that was never stopped. The rate is constant,
  /// since the other schedules depend on the number of steps.
  private func continued(_ place: Workplace, from run: String, ranks: Int) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/\(run)/checkpoints")
    let step = try #require(names.filter { $0.hasPrefix("step-") }.compactMap { Int($0.dropFirst(5)) }.max())
    let settings = Self.long + ["train.steps=\(step + 3)"]
    let resumed = try place.hash(run, settings, ranks: ranks, options: ["--resume"])
    let expected = try place.hash("whole", settings)
    #expect(resumed == expected)
  }

  @Test func `SIGUSR1 saves and goes on`() throws {
    try Workplace.run { place throws in
      let job = try place.start(
        ["train", "--run-dir", "run"] + Workplace.sets(Workplace.tiny + Self.long + ["train.steps=1200"]))
      try job.await("run directory")
      usleep(200_000)
      kill(job.identifier, SIGUSR1)
      let outcome = try job.finish(deadline: 180)
      #expect(outcome.status == 0, "\(outcome.everything)")
      let saved = try FileManager.default.contentsOfDirectory(atPath: place.path + "/run/checkpoints")
        .filter { $0.hasPrefix("step-") }
      #expect(saved.count == 2, "\(saved)")
    }
  }

  /// A run that takes its time, once it has begun.
  private func begun(_ place: Workplace, _ prefix: String = "") throws -> RunningProgram {
    let words = ["train", "--run-dir", "run"] + Workplace.sets(Workplace.tiny + Self.long)
    let program = try Programs.path(of: "cnn-dist")
    let line = ([program] + words).map { "'\($0)'" }.joined(separator: " ")
    let job = try RunningProgram(["bash", "-c", "\(prefix) exec \(line)"], in: place.path)
    try job.await("run directory")
    usleep(300_000)
    return job
  }

  /// One step takes minutes, so that the first wish cannot be followed soon.
  @Test(.timeLimit(.minutes(4)), arguments: [SIGINT, SIGTERM])
  func `a second signal ends a run at once`(number: Int32) throws {
    try Workplace.run { place throws in
      let slow = ["lanes=1", "train.global-batch=1048576", "train.micro-batch=64", "train.steps=2"]
      let job = try place.start(["train", "--run-dir", "run"] + Workplace.sets(slow))
      try job.await("run directory")
      usleep(500_000)
      kill(job.identifier, number)
      usleep(500_000)
      #expect(job.isRunning, "the first wish waits for the end of the step")
      kill(job.identifier, number)
      let outcome = try job.finish(deadline: 10)
      #expect(outcome.status == 128 + number, "\(outcome.everything)")
    }
  }

  /// Millions of initial weights are drawn before the first step.
  @Test(.timeLimit(.minutes(4)), arguments: [SIGTERM, SIGHUP, SIGUSR2])
  func `a signal before the first step ends the process`(number: Int32) throws {
    try Workplace.run { place throws in
      try place.write(
        "input: [1, 28, 28]\nlayers: [flatten, {dense: {features: 9000}}, {dense: {features: 9000}}, {dense: "
          + "{features: 10}}]",
        to: "wide.yaml")
      let job = try place.start(
        ["train", "--run-dir", "run"] + Workplace.sets(["model={file: wide.yaml}", "lanes=1"]))
      usleep(400_000)
      try #require(job.isRunning && !place.exists("run/ledger.jsonl"), "the set-up takes too short a time to stop it")
      kill(job.identifier, number)
      let outcome = try job.finish(deadline: 10)
      #expect(outcome.status == 128 + number, "\(outcome.everything)")
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `signals that come together count once`() throws {
    try Workplace.run { place throws in
      let job = try begun(place)
      for number in [SIGTERM, SIGTERM, SIGHUP, SIGINT] { kill(job.identifier, number) }
      let outcome = try job.finish(deadline: 60)
      #expect(outcome.status == 3, "\(outcome.everything)")
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `nohup keeps a run from the end of its terminal`() throws {
    try Workplace.run { place throws in
      let job = try begun(place, "trap '' HUP;")
      kill(job.identifier, SIGHUP)
      usleep(500_000)
      #expect(job.isRunning)
      kill(job.identifier, SIGTERM)
      #expect(try job.finish(deadline: 60).status == 3)
    }
  }
}
