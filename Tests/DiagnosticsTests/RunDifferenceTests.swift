import Checkpoints
import Diagnostics
import Foundation
import Testing
import Training

/// Where two runs part.
@Suite(.serialized) struct RunDifferenceTests {
  private static let long = ["train.steps=100", "checkpoint.every-steps=19"]

  private func compare(_ runs: LittleRuns, _ a: String = "a", _ b: String = "b") throws -> RunDifference {
    try RunDifference(runs.of(a), runs.of(b))
  }

  @Test(.timeLimit(.minutes(4))) func `runs on other ranks are equal`() throws {
    try LittleRuns.run { runs throws in
      try runs.train("a")
      try runs.train("b", ["exchange.bucket=1KiB"], ranks: 3)
      let found = try compare(runs)
      #expect(!found.isDifferent && found.commonSteps == 24)
      #expect(found.identity == ["exchange.bucket is 1MiB in A, 1KiB in B"])
      try runs.edit("b") { $0.removeLast(4) }
      let shorter = try compare(runs)
      #expect(shorter.commonSteps == 20 && shorter.step == nil)
      #expect(shorter.findings.contains { $0.contains("A goes on with step 20") }, "\(shorter.findings)")
    }
  }

  /// Weights and optimizer states, changed by one bit between steps 56 and 57.
  @Test(.timeLimit(.minutes(4)), arguments: ["fc2.weight", "fc1.bias", "momentum.fc2.weight"])
  func `one bit that changed at step 57 of 100 is found`(name: String) throws {
    try LittleRuns.run { runs throws in
      try runs.train("a", Self.long)
      try runs.copy("a", to: "b")
      let isState = name.hasPrefix("momentum")
      try runs.rewrite("b", 57) { contents in
        // The lowest bit of a momentum would be lost in the rounding of the next step.
        if isState { try? contents.optimizer.flip(name, 3, bit: 20) } else { try? contents.model.flip(name, 3) }
      }
      try runs.train("b", Self.long, resume: "step-0000057")
      let found = try compare(runs)
      #expect(found.step == 57 && found.identity == [])
      let tensor = try #require(found.tensor)
      let kind = isState ? "optimizer state" : "weight"
      #expect(tensor.hasPrefix("\(kind) '\(name)' of layer "), "\(tensor)")
      #expect(tensor.contains(": 1 of ") && tensor.contains("the first at index 3:"), "\(tensor)")
      #expect(found.findings.contains { $0.contains("B's checkpoint does not have") } == !isState, "\(found.findings)")
      // Without the checkpoint the steps are computed again from one before it.
      for run in ["a", "b"] { try FileManager.default.removeItem(atPath: runs.checkpoint(run, 57)) }
      let replayed = try compare(runs)
      #expect(replayed.step == 57 && replayed.tensor == nil)
      #expect(replayed.findings.contains { $0.hasPrefix("A's step 57, replayed, equals its ledger") })
      #expect(replayed.findings.contains { $0.hasPrefix("B's step 57 was computed otherwise") }, "\(replayed.findings)")
    }
  }

  @Test(.timeLimit(.minutes(4))) func `what the configuration sets apart is found where it acts first`() throws {
    try LittleRuns.run { runs throws in
      try runs.train("a")
      try runs.train("rate", ["train.schedule={constant: {rate: 0.02}}"])
      let rate = try compare(runs, "a", "rate")
      #expect(rate.identity.contains { $0.hasPrefix("train.schedule") })
      #expect(rate.step == 0 && rate.parting?.hasPrefix("the weights after the step first") == true)
      #expect(rate.tensor?.hasPrefix("weight 'fc1.weight'") == true, "\(rate.tensor ?? "")")
      try runs.train("turned", ["data.augment=[{random-crop: {padding: 2}}]"])
      let turned = try compare(runs, "a", "turned")
      #expect(turned.step == 0 && turned.parting?.hasPrefix("the gradient of micro-batch 0") == true)
      #expect(turned.tensor?.hasPrefix("activation ") == true, "\(turned.tensor ?? "")")
      try runs.train("seed", ["seed=2"])
      let seed = try compare(runs, "a", "seed")
      #expect(seed.step == 0 && seed.parting?.hasPrefix("the samples first") == true)
    }
  }

  @Test(.timeLimit(.minutes(4))) func `a ledger that cannot be read is refused with its line`() throws {
    try LittleRuns.run { runs throws in
      try runs.train("a", ["train.steps=6"])
      try runs.copy("a", to: "b")
      try runs.edit("b") { $0[3] = "[]" }
      let error = #expect(throws: RunError.self) { try compare(runs) }
      #expect(error?.code == .unusable && error?.description.contains("ledger.jsonl: line 4 ") == true)
      #expect(throws: RunError.self) { try compare(runs, "a", "none") }
    }
  }
}
