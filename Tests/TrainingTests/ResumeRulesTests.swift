import Testing
import Training

/// What may change between a checkpoint and its continuation.
@Suite struct ResumeRulesTests {
  private func notices(_ override: String) throws -> [String] {
    let saved = try Configurations.read(path: nil)
    let new = try Configurations.read(path: nil, overrides: [override])
    return try ResumeRules.notices(from: saved, to: new, checkpoint: "step-0000007")
  }

  @Test(arguments: [
    "seed=9", "model=mlp", "data.train-count=77", "data.hold-out=5", "train.global-batch=128", "train.micro-batch=8",
  ])
  func someChangesAreRefused(override: String) throws {
    let key = override.prefix { $0 != "=" }
    do {
      _ = try notices(override)
      Issue.record("\(override) was accepted")
    } catch let error as RunError {
      #expect(error.code == .unusable)
      #expect(error.description.contains("step-0000007") && error.description.contains(key))
    }
  }

  @Test(arguments: [
    ("train.optimizer.sgd.momentum=0.5", "train.optimizer changes from sgd to {sgd: {momentum: 0.5"),
    ("train.loss.cross-entropy.label-smoothing=0.1", "train.loss changes from cross-entropy to {cross-entropy: {label"),
    ("train.schedule={constant: {rate: 0.2}}", "train.schedule changes from "),
    ("train.epochs=9", "train.epochs changes from 6 to 9"),
    ("data.augment=[{random-crop: {padding: 2}}]", "data.augment changes from [] to [{random-crop: {padding: 2}}]"),
    ("data.normalize.mean=[0.1]", "data.normalize.mean changes from [0.5] to [0.1]"),
    ("exchange.order=any", "exchange.order changes from fixed to any"),
    ("kernels.isa=avx2", "kernels.isa changes from auto to avx2"),
  ])
  func someChangesAreNoticed(override: String, beginning: String) throws {
    let notices = try notices(override)
    #expect(notices.count == 1)
    #expect(notices.first?.hasPrefix(beginning) == true, "\(notices)")
  }

  @Test(arguments: [
    "lanes=3", "train.recompute=blocks", "exchange.bucket=64KiB", "checkpoint.every-steps=5", "checkpoint.keep=9",
    "evaluate.every-epochs=2", "data.path=/elsewhere", "data.test-count=100", "data.test-images=t10k",
  ])
  func someChangesAreFree(override: String) throws {
    #expect(try notices(override).isEmpty)
  }

  @Test func noChangeIsNoNotice() throws { #expect(try notices("seed=1").isEmpty) }

  /// The fingerprint in a checkpoint covers what reaches the weights, and nothing else.
  @Test func theTrajectoryIsWhatReachesTheWeights() throws {
    let base = ResumeRules.trajectory(of: try Configurations.read(path: nil))
    let free = [
      "lanes=3", "train.recompute=blocks", "exchange.bucket=64KiB", "checkpoint.keep=9", "evaluate.every-epochs=2",
    ]
    let decisive = ["seed=9", "train.epochs=9", "data.train-count=77", "exchange.order=any"]
    for override in free {
      #expect(ResumeRules.trajectory(of: try Configurations.read(path: nil, overrides: [override])) == base)
    }
    for override in decisive {
      #expect(ResumeRules.trajectory(of: try Configurations.read(path: nil, overrides: [override])) != base)
    }
  }
}
