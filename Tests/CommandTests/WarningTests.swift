import TestSupport
import Testing

/// What a run says when it will learn nothing, or does not.
@Suite(.serialized) struct WarningTests {
  @Test(.timeLimit(.minutes(4)))
  func `a run that learns says nothing of the kind`() throws {
    try Workplace.run { place throws in
      let outcome = try place.cnnDist(
        ["train", "--run-dir", "run"]
          + Workplace.sets(["data.train-count=2000", "data.test-count=200", "train.epochs=4", "lanes=1"]))
      #expect(outcome.status == 0, "\(outcome.everything)")
      #expect(!outcome.everything.contains("warning") && !outcome.everything.contains("note"), "\(outcome.everything)")
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `mistakes of a configuration are told before the first step`() throws {
    try Workplace.run { place throws in
      try place.write("input: [1, 28, 28]\nlayers: [flatten, {dense: {features: 10}}, softmax]\n", to: "m.yaml")
      let outcome = try place.train(
        "run", ["model={file: m.yaml}", "train.schedule={one-cycle: {warm-up-epochs: 50}}", "data.train-count=20"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      for word in ["softmax of its own", "warm-up of the learning rate lasts 50.00 epochs", "20 samples, fewer than"] {
        #expect(outcome.everything.contains(word), "no '\(word)' in \(outcome.everything)")
      }
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: [nil, 2])
  func `chance is told once, whatever the ranks`(ranks: Int?) throws {
    try Workplace.run { place throws in
      let settings = [
        "data.train-count=1000", "data.test-count=200", "train.epochs=3", "lanes=1",
        "train.schedule={constant: {rate: 2.0}}",
      ]
      let outcome = try place.cnnDist(["train", "--run-dir", "run"] + Workplace.sets(settings), ranks: ranks)
      #expect(outcome.status == 0, "\(outcome.everything)")
      let said = outcome.everything.split(separator: "\n").filter { $0.contains("no better than") }
      #expect(said.count == 1 && said.allSatisfy { $0.contains("lower the learning rate") }, "\(outcome.everything)")
    }
  }
}
