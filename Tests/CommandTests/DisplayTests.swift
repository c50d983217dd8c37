import Foundation
import TestSupport
import Testing

/// What a run shows: results on the standard output, progress and notes on the standard error, in forms for people,
/// for programs, and for terminals of any kind.
@Suite(.serialized) struct DisplayTests {
  private static let epochs = [
    "data.train-count=300", "data.test-count=40", "train.epochs=2", "train.global-batch=32", "train.micro-batch=16",
    "lanes=1",
  ]

  private static let terminal = FileManager.default.isExecutableFile(atPath: "/usr/bin/script")

  /// Runs the program on a terminal of so many columns; returns everything that came to it.
  private func typescript(
    _ place: Workplace, columns: Int, environment: String = "TERM=xterm LC_ALL=C.UTF-8", _ arguments: [String]
  ) throws -> String {
    let program = try Programs.path(of: "cnn-dist")
    let command = "stty rows 24 cols \(columns); env \(environment) '\(program)' \(arguments.joined(separator: " "))"
    let outcome = try Programs.run(["script", "-qec", command, "/dev/null"], in: place.path, deadline: 90)
    #expect(outcome.status == 0, "\(outcome.everything)")
    return outcome.output.replacing("\r\n", with: "\n")
  }

  /// The texts that were drawn to be drawn over, without control sequences.
  private func drawn(_ text: String) -> [String] {
    let plain = text.replacing(/\u{1B}\[[0-9;]*[A-Za-z]/, with: "")
    return plain.split(separator: "\n").flatMap { line in
      line.split(separator: "\r", omittingEmptySubsequences: false).dropLast().map(String.init)
    }.filter { !$0.isEmpty }
  }

  /// Some seconds of training.
  private static let long = [
    "train", "--run-dir", "run", "--set", "train.steps=1500", "--set", "data.train-count=2000", "--set",
    "data.test-count=100", "--set", "lanes=1", "--set", "train.schedule.one-cycle.warm-up-epochs=1",
  ]

  @Test(.timeLimit(.minutes(5)), .enabled(if: terminal), arguments: [20, 60, 80, 120])
  func `the progress line fits the terminal`(columns: Int) throws {
    try Workplace.run { place throws in
      let text = try typescript(place, columns: columns, Self.long)
      let drawn = drawn(text)
      #expect(!drawn.isEmpty, "\(text)")
      #expect(drawn.allSatisfy { $0.hasPrefix("epoch ") && $0.count < columns }, "\(drawn)")
      #expect(columns != 120 || drawn.contains { $0.hasSuffix(" left") && $0.contains("exchange") }, "\(drawn)")
      #expect(text.hasSuffix("\n") && text.contains("weights-sha256"), "\(text)")
    }
  }

  @Test(.timeLimit(.minutes(5)), .enabled(if: terminal))
  func `a dumb terminal gets plain text`() throws {
    try Workplace.run { place throws in
      let text = try typescript(place, columns: 80, environment: "TERM=dumb LC_ALL=C", Self.long)
      #expect(!text.contains("\u{1B}") && !text.contains("\r"), "\(text)")
      #expect(text.utf8.allSatisfy { $0 < 0x80 }, "\(text)")
    }
  }

  @Test(.timeLimit(.minutes(5)), .enabled(if: terminal))
  func `what is asked to stop leaves the cursor on a fresh line`() throws {
    try Workplace.run { place throws in
      let program = try Programs.path(of: "cnn-dist")
      let words = Self.long.map { $0 == "train.steps=1500" ? "train.steps=100000" : $0 }.joined(separator: " ")
      try place.write(
        "stty rows 24 cols 80\nexport TERM=xterm\n'\(program)' \(words) &\njob=$!\nsleep 3\nkill -TERM $job\nwait "
          + "$job\n",
        to: "stop.sh")
      let outcome = try Programs.run(["script", "-qec", "bash stop.sh", "/dev/null"], in: place.path, deadline: 90)
      let text = outcome.output.replacing("\r\n", with: "\n")
      #expect(outcome.status == 3 && !drawn(text).isEmpty, "\(outcome.everything)")
      let end = try #require(text.split(separator: "\n").last { $0.contains("stopped on request") })
      #expect(end.hasPrefix("cnn-dist: stopped"), "\(end)")
      let result = try #require(text.split(separator: "\n").last { $0.contains("weights-sha256") })
      // Whatever was drawn on the line has been taken away before.
      #expect(result.components(separatedBy: "\u{1B}[K").last?.hasPrefix("checkpoint ") == true, "\(result)")
    }
  }

  /// The second wish to stop ends the process within the handler, with nothing saved.
  @Test(.timeLimit(.minutes(5)), .enabled(if: terminal))
  func `what is ended at once leaves nothing on the line either`() throws {
    try Workplace.run { place throws in
      let program = try Programs.path(of: "cnn-dist")
      // Steps of a second and more, so that the second signal comes before the first is heeded.
      let words = "train --run-dir run --set model=mobilenet-cifar --set train.global-batch=256 --set lanes=1"
      try place.write(
        "stty rows 24 cols 80\nexport TERM=xterm\n'\(program)' \(words) &\njob=$!\nsleep 10\nkill -TERM $job\n"
          + "sleep 0.2\nkill -TERM $job\nwait $job\necho \"ended with $?\"\n", to: "end.sh")
      let outcome = try Programs.run(["script", "-qec", "bash end.sh", "/dev/null"], in: place.path, deadline: 120)
      let text = outcome.output.replacing("\r\n", with: "\n")
      // 3 if a step happened to end between the two.
      try #require(text.contains("ended with 143") || text.contains("ended with 3"), "\(outcome.everything)")
      let end = try #require(text.split(separator: "\n").last { $0.contains("ended with") })
      #expect(drawn(text).isEmpty || end.contains("\r\u{1B}[K"), "\(text)")
    }
  }

  @Test func `the first lines speak to a newcomer, and an evaluation says its epoch`() throws {
    try Workplace.run { place throws in
      let outcome = try place.cnnDist(["train"] + Workplace.sets(Self.epochs))
      let lines = outcome.output.split(separator: "\n").map(String.init)
      try #require(lines.count == 10, "\(outcome.everything)")
      #expect(lines[0].hasPrefix("lenet5 (61,706 parameters) on digits (300 training, 40 test"))
      #expect(lines[1].contains("10 classes") && lines[1].contains("guessing would score 10.0 %"))
      #expect(lines[2].contains("19 steps of 32 images") && lines[2].contains("up to 0.03 (one-cycle)"))
      #expect(lines[3].contains("Ctrl-C") && lines[6] == "run directory: runs/lenet5-digits-001")
      #expect(lines[7].hasPrefix("epoch 1  step 10/19  test loss "), "\(lines[7])")
      #expect(lines[8].hasPrefix("epoch 2  step 19/19  test loss "), "\(lines[8])")
      #expect(lines[9].hasPrefix("checkpoint runs/lenet5-digits-001/checkpoints/step-0000019  weights-sha256 "))
      #expect(lines.dropLast().allSatisfy { $0.utf8.count <= 100 && $0.count == $0.utf8.count })
      let metrics = try place.text("runs/lenet5-digits-001/metrics.jsonl")
      #expect(metrics.contains("\"epoch\":1.0666"), "the record is exact: \(metrics)")
    }
  }

  @Test func `quiet runs print notes and the last line`() throws {
    try Workplace.run { place throws in
      let outcome = try place.train("run", ["lanes=1"], options: ["--quiet"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      let said = outcome.errors.split(separator: "\n")
      #expect(said.allSatisfy { $0.hasPrefix("note: ") || $0.hasPrefix("warning: ") }, "\(outcome.everything)")
      #expect(outcome.output.split(separator: "\n").count == 1 && outcome.output.hasPrefix("checkpoint run/"))
      let resumed = try place.cnnDist(
        ["train", "--run-dir", "run", "--resume", "--quiet", "--set", "train.steps=14", "--set", "lanes=8"])
      #expect(resumed.status == 0 && resumed.errors.contains("note: train.steps changes"), "\(resumed.everything)")
      #expect(resumed.output.split(separator: "\n").count == 1, "\(resumed.everything)")
    }
  }

  @Test func `with --json the standard output is events alone`() throws {
    try Workplace.run { place throws in
      let outcome = try place.cnnDist(["train", "--json", "--name", "my run"] + Workplace.sets(Self.epochs))
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.everything)")
      let events = try outcome.output.split(separator: "\n").map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
      }
      let kinds = events.compactMap { $0["event"] as? String }.filter { $0 != "warning" && $0 != "note" }
      #expect(kinds == ["start", "metrics", "evaluation", "metrics", "evaluation", "end"])
      #expect(
        Set(events[0].keys) == [
          "event", "program", "model", "parameters", "dataset", "train-samples", "test-samples", "classes", "chance",
          "epochs", "steps", "first-step", "global-batch", "micro-batch", "schedule", "peak-rate", "ranks", "lanes",
          "kernels", "run-directory",
        ])
      #expect(
        Set(events[2].keys) == [
          "event", "epoch", "step", "steps", "test-loss", "test-accuracy", "ema-test-loss", "ema-test-accuracy",
          "samples-evaluated", "images-per-second",
        ])
      let summary = try place.text("runs/my run/summary.json")
      #expect(summary.contains(try #require(events.last?["weights-sha256"] as? String)))
      let resumed = try place.cnnDist(
        ["train", "--json", "--name", "my run", "--resume", "--set", "train.epochs=3"])
      #expect(
        resumed.output.contains("\"event\":\"note\"") && !resumed.errors.contains("note:"), "\(resumed.everything)")
    }
  }

  @Test func `a run's name is a name`() throws {
    try Workplace.run { place throws in
      for name in ["", "a/b", "../x", ".hidden", "..", String(repeating: "x", count: 300), "two\nlines"] {
        let outcome = try place.cnnDist(["train", "--name", name] + Workplace.sets(Workplace.tiny))
        #expect(outcome.status == 64 && outcome.errors.contains("--name"), "\(name): \(outcome.everything)")
      }
      let both = try place.cnnDist(["train", "--name", "a", "--run-dir", "b"])
      #expect(both.status == 64, "\(both.everything)")
      #expect(!place.exists("runs") && !place.exists("x"))
      let words = ["train", "--name", "lr=0.1 wide"] + Workplace.sets(Workplace.tiny)
      #expect(try place.cnnDist(words).status == 0)
      #expect(place.exists("runs/lr=0.1 wide/summary.json"))
      expectRefusal(try place.cnnDist(words), ["already holds a run"])
    }
  }

  @Test func `in the locale C nothing but ASCII is said`() throws {
    try Workplace.run { place throws in
      let program = try Programs.path(of: "cnn-dist")
      for words in [["train", "--set", "lanes=9"], ["--help"], ["train", "--help"], ["config"], ["bench", "--help"]] {
        let outcome = try Programs.run(["env", "LC_ALL=C", program] + words, in: place.path)
        #expect(outcome.everything.utf8.allSatisfy { $0 < 0x80 }, "\(words): \(outcome.everything)")
      }
    }
  }
}
