import Foundation
import TestSupport
import Testing

/// The debug commands.
@Suite(.serialized) struct DebugTests {
  @Test func `what any rank computed can be replayed alone`() throws {
    try Workplace.run { place throws in
      _ = try place.hash("run", ["checkpoint.every-steps=3", "checkpoint.keep=9"], ranks: 3)
      for (step, rank, workers, from) in [(4, 1, 3, 3), (7, 0, 2, 6), (11, 3, 4, 9), (5, 2, 5, 3)] {
        let outcome = try place.cnnDist([
          "debug", "replay", "--checkpoint", "run/checkpoints/step-000000\(from)", "--step", "\(step)", "--rank",
          "\(rank)", "--workers", "\(workers)",
        ])
        #expect(outcome.status == 0 && outcome.output.contains("equals"), "\(outcome.everything)")
      }
      var lines = try place.text("run/ledger.jsonl").split(separator: "\n").map(String.init)
      lines[7] = lines[7].replacingOccurrences(of: "\"micro-batches\":[\"", with: "\"micro-batches\":[\"f")
      try place.write(lines.joined(separator: "\n") + "\n", to: "run/ledger.jsonl")
      let caught = try place.cnnDist([
        "debug", "replay", "--checkpoint", "run/checkpoints/step-0000006", "--step", "7", "--micro-batch", "0",
      ])
      #expect(caught.status == 1 && caught.output.contains("DIFFERS"), "\(caught.everything)")
    }
  }

  @Test func `divergence is named, and debug mode finds the layer`() throws {
    try Workplace.run { place throws in
      let wild = ["train.schedule={constant: {rate: 1.0e+5}}"]
      let outcome = try place.train("run", wild, ranks: 2)
      #expect(outcome.status == 1, "\(outcome.everything)")
      #expect(outcome.errors.contains("not a finite number") && outcome.errors.contains("--debug"))
      let debugged = try place.train("debugged", wild, options: ["--debug"])
      #expect(debugged.status == 1, "\(debugged.everything)")
      #expect(debugged.errors.contains("layer '") && debugged.errors.contains("not finite after"), "\(debugged.errors)")
    }
  }

  @Test func `debug mode lists statistics of activations and gradients`() throws {
    try Workplace.run { place throws in
      let outcome = try place.train("run", options: ["--debug"])
      #expect(outcome.output.contains("conv1 y") && outcome.output.contains("gradient of conv1.weight"))
    }
  }

  @Test func `what is computed twice is listed once`() throws {
    try Workplace.run { place throws in
      let settings = ["model=resnet20", "train.steps=2"]
      let plain = try place.train("plain", settings, options: ["--debug"])
      let twice = try place.train("twice", settings + ["train.recompute=blocks"], options: ["--debug"])
      let tables = [plain, twice].map { $0.output.split(separator: "\n").filter { $0.hasPrefix("  ") } }
      #expect(tables[0].count > 100 && tables[0] == tables[1], "\(twice.everything)")
    }
  }

  @Test func `gradients agree with finite differences`() throws {
    for model in ["mlp", "lenet5"] {
      let outcome = try Programs.run([try Programs.path(of: "cnn-dist"), "debug", "gradcheck", model])
      #expect(outcome.status == 0 && !outcome.output.contains("BAD"), "\(outcome.everything)")
    }
  }
}
