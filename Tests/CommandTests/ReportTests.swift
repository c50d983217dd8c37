import Foundation
import TestSupport
import Testing

/// What the commands print, and that programs can read it.
@Suite struct ReportTests {
  @Test func `a run's last line, summary and checkpoint agree`() throws {
    try Workplace.run { place throws in
      let hash = try place.hash("run")
      #expect(hash.count == 64)
      let shown = try place.cnnDist(["checkpoint", "show", "--hash", "run/checkpoints/latest"])
      #expect(shown.lastLine == hash)
      let summary = try #require(
        try JSONSerialization.jsonObject(with: Data(try place.text("run/summary.json").utf8)) as? [String: Any])
      #expect(
        Set(summary.keys) == [
          "steps", "epochs", "train-loss", "test-loss", "test-accuracy", "ema-test-loss", "ema-test-accuracy",
          "samples-evaluated", "images-per-second",
          "wall-seconds", "workers", "lanes", "kernels", "checkpoint", "weights-sha256",
        ])
      #expect(summary["weights-sha256"] as? String == hash)
      #expect(summary["samples-evaluated"] as? Int == 83)
      for file in ["config.yaml", "metrics.jsonl", "ledger.jsonl", "ranks/0000.log"] {
        #expect(place.exists("run/\(file)"))
      }
    }
  }

  @Test func `the effective configuration of a run trains the same weights`() throws {
    try Workplace.run { place throws in
      let hash = try place.hash("run")
      let again = try place.cnnDist(["train", "run/config.yaml", "--run-dir", "again"])
      #expect(again.lastLine.hasSuffix(hash), "\(again.everything)")
    }
  }

  @Test func `exported digits train the same weights as the built-in ones`() throws {
    try Workplace.run { place throws in
      let made = try place.cnnDist([
        "data", "make", "digits", "--output", "idx", "--train-count", "301", "--test-count", "83",
      ])
      #expect(made.status == 0, "\(made.everything)")
      let builtIn = try place.hash("built-in")
      let files = Workplace.tiny.filter { !$0.hasPrefix("data.") } + ["data={format: idx, path: idx}"]
      let outcome = try place.cnnDist(["train", "--run-dir", "files"] + Workplace.sets(files))
      #expect(outcome.lastLine.hasSuffix(builtIn), "\(outcome.everything)")
    }
  }

  @Test func `a printed model is a model file`() throws {
    try Workplace.run { place throws in
      let printed = try place.cnnDist(["models", "lenet5", "--yaml"])
      try place.write(printed.output, to: "my.yaml")
      let builtIn = try place.hash("zoo")
      let fromFile = try place.hash("file", ["model={file: my.yaml}"])
      #expect(builtIn == fromFile)
    }
  }

  static let jsonCommands: [[String]] = [
    ["models"], ["models", "resnet20"], ["plan", "lenet5"], ["plan", "lenet5", "--evaluation"],
    ["plan", "lenet5", "--recompute", "blocks"], ["data", "info"], ["data", "order", "--steps", "0-2"],
    ["checkpoint", "show", "run/checkpoints/latest"],
    ["bench", "step", "mlp", "--seconds", "0.1", "--micro-batch", "4", "--lanes", "2"],
    ["bench", "ops", "lenet5", "--seconds", "0.01", "--micro-batch", "2"],
    ["bench", "sweep", "mlp", "--seconds", "0.01", "--micro-batches", "1,2"], ["debug", "gradcheck", "mlp"],
    ["evaluate", "--checkpoint", "run/checkpoints/best"],
    [
      "debug", "replay", "--checkpoint", "run/checkpoints/step-0000008", "--step", "9", "--rank", "1", "--workers", "3",
    ],
  ]

  @Test func `every reporting command prints one JSON object a line`() throws {
    try Workplace.run { place throws in
      _ = try place.hash("run", ["checkpoint.every-steps=8"])
      for command in Self.jsonCommands {
        let small = command[0] == "data" ? Workplace.sets(Workplace.tiny) : []
        let outcome = try place.cnnDist(command + small + ["--json"])
        #expect(outcome.status == 0, "\(command): \(outcome.everything)")
        let lines = outcome.output.split(separator: "\n")
        #expect(!lines.isEmpty, "\(command)")
        for line in lines {
          #expect(
            (try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any], "\(command): \(line)")
        }
      }
    }
  }

  @Test func `a plan says what recomputation gives and takes`() throws {
    let program = try Programs.path(of: "cnn-dist")
    let outcome = try Programs.run([program, "plan", "resnet20", "--recompute", "blocks"])
    #expect(
      outcome.output.contains("conv winograd f4 again") && outcome.output.contains("more FLOP"), "\(outcome.output)")
    let plain = try Programs.run([program, "plan", "resnet20"])
    #expect(!plain.output.contains(" again ") && !plain.output.contains("recompute"))
  }

  @Test func `help teaches`() throws {
    for command in [
      [], ["train"], ["plan"], ["models"], ["debug", "replay"], ["debug", "step"], ["evaluate"],
      ["bench"], ["bench", "step"], ["bench", "ops"], ["bench", "sweep"],
    ] {
      let outcome = try Programs.run([try Programs.path(of: "cnn-dist")] + command + ["--help"])
      #expect(outcome.status == 0 && outcome.output.contains("USAGE"), "\(outcome.everything)")
    }
    let train = try Programs.run([try Programs.path(of: "cnn-dist"), "train", "--help"])
    #expect(train.output.contains("mpirun -n 4 cnn-dist train"))
  }
}
