import Foundation
import TestSupport
import Testing

/// Faults on purpose, and what becomes of the run: real ranks under a real mpirun.
@Suite(.serialized) struct ChaosTests {
  /// A run of 12 steps with a checkpoint after each three.
  private static let settings = [
    "checkpoint.every-steps=3", "checkpoint.every-epochs=null", "checkpoint.keep=9", "evaluate.every-epochs=null",
  ]

  private func chaos(
    _ place: Workplace, _ name: String, _ list: String, _ settings: [String] = []
  ) throws -> Programs.Outcome {
    try place.train(name, Self.settings + settings, ranks: 3, options: ["--chaos", list])
  }

  /// The hash of a run that ends after it is taken up again without faults, on one rank.
  private func resumed(_ place: Workplace, _ name: String, _ checkpoint: String = "latest") throws -> String? {
    let outcome = try place.cnnDist(["train", "--run-dir", name, "--resume", checkpoint])
    #expect(outcome.status == 0, "\(outcome.everything)")
    return outcome.lastLine.split(separator: " ").last.map(String.init)
  }

  @Test(.timeLimit(.minutes(3)))
  func `a launch that loses ranks at the same time ends with the undisturbed bits`() throws {
    try Workplace.run { place throws in
      let words = ["launch", "-n", "3", "train", "--run-dir", "run", "--chaos", "kill=0@7,kill=2@7"]
      let outcome = try place.cnnDist(words + Workplace.sets(Workplace.tiny + Self.settings), deadline: 120)
      #expect(outcome.status == 0, "\(outcome.everything)")
      #expect(outcome.errors.contains("warning: --chaos makes faults on purpose: kill=0@7,kill=2@7"))
      #expect(outcome.errors.contains("CHAOS: rank 2 ends itself by SIGKILL before step 7"), "\(outcome.everything)")
      #expect(outcome.lastLine.split(separator: " ").last.map(String.init) == (try place.hash("whole")))
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a rank that stops itself is found`() throws {
    try Workplace.run { place throws in
      let outcome = try chaos(place, "run", "stop=1@5", ["exchange.timeout=3"])
      #expect(outcome.status == 5, "\(outcome.everything)")
      #expect(outcome.errors.contains("error: rank 1 on "), "\(outcome.everything)")
      #expect(try resumed(place, "run") == place.hash("whole"))
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a pause changes nothing, and nothing of it is recorded`() throws {
    try Workplace.run { place throws in
      let outcome = try chaos(place, "run", "delay=1@5:0.3")
      #expect(outcome.errors.contains("CHAOS: rank 1 sleeps 0.3 s before step 5"), "\(outcome.everything)")
      #expect(outcome.lastLine.split(separator: " ").last.map(String.init) == (try place.hash("whole")))
      let found = try Programs.run(["grep", "-ril", "chaos", place.path + "/run"])
      #expect(found.output.isEmpty, "\(found.output)")
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a flipped bit ends the run with rank, layer and tensor`() throws {
    try Workplace.run { place throws in
      let outcome = try chaos(place, "run", "flip=2@7:conv2:30", ["verify.recompute=1"])
      #expect(outcome.status == 7, "\(outcome.everything)")
      #expect(outcome.errors.contains("error: rank 2 on ") && outcome.errors.contains(" computes wrongly: in step 7 "))
      #expect(outcome.errors.contains("first in 'conv2 y' of layer 'conv2'"), "\(outcome.everything)")
      let report = try place.text("run/failure.json")
      for key in [
        "\"rank\" : 2", "\"step\" : 7", "\"layer\" : \"conv2\"", "\"tensor\" : \"conv2 y\"", "\"exit-code\" : 7",
      ] {
        #expect(report.contains(key), "\(report)")
      }
      // The replay computes what the other two have found; the lie is not in the ledger.
      #expect(try place.text("run/ledger.jsonl").split(separator: "\n").count == 7)
      let replay = try #require(outcome.errors.split(separator: "\n").first { $0.contains("replay the step: ") })
      let words = replay.split(separator: " ").drop { $0 != "debug" }.map(String.init)
      let replayed = try place.cnnDist(words)
      let digest = try #require(replayed.output.split(separator: "\n").last?.split(separator: " ").last)
      #expect(
        replayed.status == 0 && outcome.errors.components(separatedBy: digest).count == 3, "\(replayed.everything)")
      #expect(try resumed(place, "run") == place.hash("whole"))
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `micro-batches that are computed again leave the bits as they are, and are counted`() throws {
    try Workplace.run { place throws in
      let outcome = try place.train("run", ["verify.recompute=1"], ranks: 3)
      #expect(
        outcome.errors.contains("note: 96 micro-batches were computed again on another rank, all with the same bits"))
      #expect(outcome.lastLine.split(separator: " ").last.map(String.init) == (try place.hash("whole")))
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a gradient that becomes NaN ends the run`() throws {
    try Workplace.run { place throws in
      let outcome = try chaos(place, "run", "nan=1@4")
      #expect(outcome.status != 0, "\(outcome.everything)")
      #expect(outcome.errors.contains("CHAOS: rank 1 puts NaN into the gradient of "), "\(outcome.everything)")
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a checkpoint without space leaves the one before it`() throws {
    try Workplace.run { place throws in
      let outcome = try chaos(place, "run", "enospc@6")
      #expect(outcome.status == 1, "\(outcome.everything)")
      #expect(outcome.errors.contains("checkpoint step-0000006 could not be written"), "\(outcome.everything)")
      #expect(outcome.errors.contains("the previous checkpoint step-0000003 is intact"), "\(outcome.everything)")
      #expect(try resumed(place, "run") == place.hash("whole"))
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a damaged checkpoint is not loaded, and the one before it is named`() throws {
    try Workplace.run { place throws in
      let outcome = try chaos(place, "run", "corrupt=6,delay=0@7:1,kill=1@8")
      #expect(outcome.errors.contains("/step-0000006/model.safetensors is flipped"), "\(outcome.everything)")
      let refused = try place.cnnDist(["train", "--run-dir", "run", "--resume", "step-0000006"])
      expectRefusal(refused, ["step-0000006 is damaged", "the one before it is step-0000003"])
      #expect(try resumed(place, "run", "step-0000003") == place.hash("whole"))
    }
  }

  @Test(arguments: [
    ("kill=1@2", 2, "--chaos kill=1@2: there is no rank 1; the ranks are 0 to 0"),
    ("nan=0@12", 2, "there is no step 12; the steps are 0 to 11"),
    ("flip=0@2:convx:3", 2, "no layer 'convx' writes an activation of its own; those that do are conv1, conv2, fc1"),
    ("kill=1", 64, "--chaos: 'kill=1' is not of the form kill=RANK@STEP"),
  ])
  func `faults that a run does not come to are refused`(list: String, status: Int, words: String) throws {
    try Workplace.run { place throws in
      let outcome = try place.train("run", options: ["--chaos", list])
      #expect(outcome.status == status && outcome.errors.contains(words), "\(outcome.everything)")
      #expect(!place.exists("run"))
    }
  }
}
