import Foundation
import TestSupport
import Testing

/// What a user is told when a rank is lost, and what is saved when a stop comes in the middle of a long step.
@Suite(.serialized) struct FailureTests {
  private static let endless = [
    "train.steps=400000", "evaluate.every-epochs=null", "checkpoint.every-epochs=null", "checkpoint.every-steps=20",
  ]

  /// The process of a rank of the job that works in the place's run directory `name`.
  private func process(ofRank rank: Int, _ name: String) throws -> Int32 {
    let found = try Programs.run(["pgrep", "-f", "^[^ ]*cnn-dist train --run-dir \(name) "]).output
    for line in found.split(separator: "\n") {
      let environment = FileManager.default.contents(atPath: "/proc/\(line)/environ") ?? Data()
      let words = String(decoding: environment, as: UTF8.self).split(separator: "\0")
      if words.contains("OMPI_COMM_WORLD_RANK=\(rank)") { return try #require(Int32(line)) }
    }
    throw Missing()
  }

  private struct Missing: Error {}

  private func awaitCheckpoint(_ place: Workplace, _ name: String) throws {
    for _ in 0..<600 where !place.exists("\(name)/checkpoints/latest") { usleep(50_000) }
    #expect(place.exists("\(name)/checkpoints/latest"))
  }

  @Test(.timeLimit(.minutes(3)), arguments: [(SIGKILL, 0), (SIGKILL, 2), (SIGSTOP, 0), (SIGSTOP, 1)])
  func `a lost rank is named within the deadline, with the way to go on`(number: Int32, rank: Int) throws {
    try Workplace.run { place throws in
      let name = "lost-\(number)-\(rank)"
      let job = try place.start(
        ["train", "--run-dir", name] + Workplace.sets(Workplace.tiny + Self.endless + ["exchange.timeout=4"]), ranks: 3)
      try awaitCheckpoint(place, name)
      let victim = try process(ofRank: rank, name)
      let began = ContinuousClock.now
      kill(victim, number)
      let outcome = try job.finish(deadline: 60)
      #expect(began.duration(to: .now) < .seconds(30))
      #expect(outcome.errors.contains("error: rank \(rank) on "), "\(outcome.everything)")
      #expect(outcome.errors.contains("continue with:   mpirun -n 3 cnn-dist train --run-dir \(name) --resume"))
      #expect(outcome.errors.contains("last checkpoint: \(name)/checkpoints/step-"))
      let report = try place.text("\(name)/failure.json")
      let code = number == SIGKILL ? 4 : 5
      #expect(report.contains("\"rank\" : \(rank)") && report.contains("\"exit-code\" : \(code)"), "\(report)")
      if number == SIGSTOP { #expect(outcome.status == 5, "\(outcome.everything)") }
      // mpirun ends a little before its last process.
      for _ in 0..<100 where kill(victim, 0) == 0 { usleep(100_000) }
      #expect(kill(victim, 0) != 0, "the lost rank is gone, too")
    }
  }

  /// A network of two wide convolutions, so that a step of some hundred images takes seconds.
  private static let slow = """
    input: [1, 28, 28]
    layers:
      - {convolution: {channels: 32, kernel: 7, padding: same}}
      - relu
      - {convolution: {channels: 32, kernel: 7, padding: same}}
      - relu
      - global-average-pool
      - {name: fc, dense: {features: 10}}

    """

  @Test(.timeLimit(.minutes(4)), arguments: [SIGTERM, SIGINT])
  func `a stop in the middle of a long step saves the state before it`(number: Int32) throws {
    try Workplace.run { place throws in
      _ = try place.write(Self.slow, to: "slow.yaml")
      let settings = [
        "model={file: slow.yaml}", "data.train-count=4096", "data.test-count=16", "train.epochs=null", "train.steps=3",
        "train.global-batch=1024", "train.schedule={constant: {rate: 0.01}}", "evaluate.every-epochs=null",
        "checkpoint.every-epochs=null",
      ]
      let job = try place.start(["train", "--run-dir", "cut"] + Workplace.sets(settings), ranks: 2)
      for _ in 0..<1200 where ((try? place.text("cut/ledger.jsonl")) ?? "").isEmpty { usleep(50_000) }
      usleep(300_000)
      kill(try process(ofRank: 1, "cut"), number)
      let outcome = try job.finish(deadline: 90)
      #expect(outcome.status == 3, "\(outcome.everything)")
      #expect(try place.text("cut/ledger.jsonl").split(separator: "\n").count == 1)
      #expect(place.exists("cut/checkpoints/step-0000001"))
      let resumed = try place.cnnDist(["train", "--run-dir", "cut", "--resume"], deadline: 120)
      let whole = try place.cnnDist(["train", "--run-dir", "whole"] + Workplace.sets(settings), deadline: 120)
      #expect(whole.status == 0 && resumed.status == 0, "\(resumed.everything)")
      #expect(resumed.lastLine.split(separator: " ").last == whole.lastLine.split(separator: " ").last)
    }
  }
}
