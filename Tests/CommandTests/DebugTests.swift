import Foundation
import TestSupport
import Testing

/// The debug commands.
@Suite(.serialized) struct DebugTests {
  @Test func `what any rank computed can be replayed alone`() throws {
    try Workplace.run { place in
      _ = try place.hash("run", ["checkpoint.every-steps=3", "checkpoint.keep=9"], ranks: 3)
      for (step, rank, workers, from) in [(0, 0, 1, 0), (4, 1, 3, 3), (7, 0, 2, 6), (11, 3, 4, 9), (5, 2, 5, 3)] where from > 0 {
        let outcome = try place.cnnDist([
          "debug", "replay", "--checkpoint", "run/checkpoints/step-000000\(from)", "--step", "\(step)", "--rank",
          "\(rank)", "--workers", "\(workers)",
        ])
        #expect(outcome.status == 0 && outcome.output.contains("equals"), "\(outcome.everything)")
      }
      let ledger = try place.text("run/ledger.jsonl")
      let digest = try #require(ledger.split(separator: "\"microBatches\":[\"").dropFirst().first?.prefix(16))
      try place.write(ledger.replacingOccurrences(of: digest, with: "0123456789abcdef"), to: "run/ledger.jsonl")
      let line = ledger.split(separator: "\n").firstIndex { $0.contains(digest) } ?? 0
      try #require(line == 0)
      let tampered = ledger.split(separator: "\n")[7].replacingOccurrences(of: "\"microBatches\":[\"", with: "\"microBatches\":[\"f")
      try place.write(
        ledger.split(separator: "\n").enumerated().map { $0 == 7 ? tampered : String($1) }.joined(separator: "\n"),
        to: "run/ledger.jsonl")
      let caught = try place.cnnDist([
        "debug", "replay", "--checkpoint", "run/checkpoints/step-0000006", "--step", "7", "--micro-batch", "0",
      ])
      #expect(caught.status == 1 && caught.output.contains("DIFFERS"), "\(caught.everything)")
    }
  }

  @Test func `divergence is named, and debug mode finds the layer`() throws {
    try Workplace.run { place in
      let wild = ["train.schedule={constant: {rate: 1.0e+30}}"]
      let outcome = try place.train("run", wild, ranks: 2)
      #expect(outcome.status == 1, "\(outcome.everything)")
      #expect(outcome.errors.contains("not a finite number") && outcome.errors.contains("--debug"))
      let debugged = try place.train("debugged", wild, options: ["--debug"])
      #expect(debugged.status == 1, "\(debugged.everything)")
      #expect(debugged.errors.contains("layer '") && debugged.errors.contains("not finite after"), "\(debugged.errors)")
    }
  }

  @Test func `debug mode lists statistics of activations and gradients`() throws {
    try Workplace.run { place in
      let outcome = try place.train("run", options: ["--debug"])
      #expect(outcome.output.contains("conv1 y") && outcome.output.contains("gradient of conv1.weight"))
    }
  }

  @Test func `gradients agree with finite differences`() throws {
    for model in ["mlp", "lenet5"] {
      let outcome = try Programs.run([try Programs.path(of: "cnn-dist"), "debug", "gradcheck", model])
      #expect(outcome.status == 0 && !outcome.output.contains("BAD"), "\(outcome.everything)")
    }
  }
}
