import Foundation
import TestSupport
import Testing

/// The schedule that follows the evaluations, with real processes: it must tell neither ranks nor a stop between.
@Suite(.serialized) struct PlateauTests {
  /// An evaluation about every second step, of which hardly one counts as better; the rate falls several times.
  private static func settings(_ metric: String) -> [String] {
    [
      "checkpoint.every-steps=3", "checkpoint.keep=9", "evaluate.every-epochs=0.2",
      "train.schedule={plateau: {rate: 0.05, factor: 0.5, patience: 0, threshold: 0.5, cooldown: 1, metric: "
        + "\(metric)}}",
    ]
  }

  private func rates(_ place: Workplace, _ run: String) throws -> [Double] {
    try place.text("\(run)/metrics.jsonl").split(separator: "\n").compactMap { line in
      let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return record?["learning-rate"] as? Double
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: ["test-loss", "test-accuracy", "train-loss"])
  func `ranks and stops do not move the bits of a plateau`(metric: String) throws {
    try Workplace.run { place throws in
      let settings = Self.settings(metric)
      let expected = try place.hash("whole", settings)
      let ledger = try place.text("whole/ledger.jsonl")
      let seen = try rates(place, "whole")
      #expect(Set(seen).count > 2 && seen == seen.sorted(by: >), "\(seen)")
      for ranks in [2, 3] {
        #expect(try place.hash("on\(ranks)", settings, ranks: ranks) == expected)
        #expect(try place.text("on\(ranks)/ledger.jsonl") == ledger)
      }
      for (ranks, from) in [(3, "step-0000003"), (1, "step-0000006"), (2, "step-0000009")] {
        try? FileManager.default.removeItem(atPath: place.path + "/part")
        try FileManager.default.copyItem(atPath: place.path + "/whole", toPath: place.path + "/part")
        let hash = try place.hash("part", settings, ranks: ranks, options: ["--resume", from])
        #expect(hash == expected, "\(ranks) ranks from \(from)")
        #expect(try place.text("part/ledger.jsonl") == ledger)
      }
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: ["test-loss", "train-loss"])
  func `a replay falls with the run`(metric: String) throws {
    try Workplace.run { place throws in
      _ = try place.hash("run", Self.settings(metric))
      for from in ["step-0000003", "step-0000006"] {
        let outcome = try place.cnnDist(
          ["debug", "replay", "--checkpoint", "run/checkpoints/\(from)", "--step", "11", "--micro-batch", "5"])
        #expect(outcome.status == 0, "\(outcome.everything)")
        #expect(outcome.output.contains("equals"), "\(outcome.everything)")
      }
    }
  }

  @Test func `a plateau without evaluations is refused`() throws {
    try Workplace.run { place throws in
      for interval in ["null", "5"] {
        let outcome = try place.train("run", ["train.schedule=plateau", "evaluate.every-epochs=\(interval)"])
        expectRefusal(outcome, ["train.schedule", "plateau", "evaluate.every-epochs", interval])
      }
      let cycling = ["train.schedule={one-cycle: {cycle-momentum: true}}", "train.optimizer={sgd: {momentum: 0}}"]
      expectRefusal(try place.train("run", cycling), ["cycle-momentum", "sgd"])
    }
  }

  @Test func `a schedule is drawn, and printed step by step`() throws {
    try Workplace.run { place throws in
      let command = ["plan", "--schedule"] + Workplace.sets(Workplace.tiny + ["train.schedule={cosine: {peak: 0.2}}"])
      let drawn = try place.cnnDist(command)
      #expect(drawn.status == 0 && drawn.output.contains("cosine: 12 steps"), "\(drawn.everything)")
      #expect(drawn.output.contains("2.000e-01"), "\(drawn.everything)")
      let lines = try place.cnnDist(command + ["--json"]).output.split(separator: "\n")
      #expect(lines.count == 12)
      #expect(lines[0] == #"{"epoch":0,"momentum":null,"rate":0.2,"step":0}"#)
      expectRefusal(try place.cnnDist(["plan", "--schedule", "resnet20"]), ["resnet20", "model"])
    }
  }
}
