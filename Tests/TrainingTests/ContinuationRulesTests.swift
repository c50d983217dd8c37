import Checkpoints
import Configuration
import Datasets
import Operators
import Testing
import Training

/// What may differ between a checkpoint and what is done with it.
@Suite struct ContinuationRulesTests {
  /// The identity of a run of the built-in configuration with overrides, as a checkpoint would hold it.
  private static func identity(_ overrides: [String] = []) throws -> RunIdentity {
    var configuration = try Configurations.read(path: nil, overrides: overrides)
    let input = Shape(channels: 1, height: 28, width: 28)
    let network = try ModelLoader.network(configuration.model, input: input, classes: 10)
    configuration.model = .inline(InlineModel(network, origin: nil))
    let split = { (count: Int, content: String) in
      SplitIdentity(count: count, shape: [1, 28, 28], content: content, coverage: "whole")
    }
    return RunIdentity(
      program: "0.1.0", build: "b", kernels: "openblas Zen", configuration: configuration,
      data: DataIdentity(train: split(100, "aa"), test: split(50, "bb"), classes: (0..<10).map(String.init)))
  }

  private func notices(
    _ override: String, _ purpose: ContinuationRules.Purpose = .resume
  ) throws -> [String] {
    try ContinuationRules.notices(
      purpose, from: Self.identity(), to: Self.identity([override]), checkpoint: "step-0000007")
  }

  @Test(arguments: [
    "seed=9", "model=mlp", "data.train-count=77", "data.hold-out=5", "train.global-batch=128", "train.micro-batch=8",
  ])
  func `some changes are refused`(override: String) throws {
    let key = override.prefix { $0 != "=" }
    let error = #expect(throws: RunError.self) { try notices(override) }
    #expect(error?.code == .unusable)
    #expect(error?.description.contains("step-0000007") == true && error?.description.contains(key) == true)
  }

  @Test(arguments: [
    ("train.optimizer.sgd.momentum=0.5", "train.optimizer.sgd.momentum changes from 0.9 to 0.5"),
    (
      "train.loss.cross-entropy.label-smoothing=0.1", "train.loss.cross-entropy.label-smoothing changes from 0 to 0.1"
    ),
    (
      "train.schedule={constant: {rate: 0.2}}",
      "train.schedule changes from {one-cycle: {peak: 0.03, warm-up-epochs: 1, start-divisor: 25"
    ),
    ("train.epochs=9", "train.epochs changes from 6 to 9"),
    ("data.augment=[{random-crop: {padding: 2}}]", "data.augment changes from [] to [{random-crop: {padding: 2}}]"),
    ("data.normalize.mean=[0.1]", "data.normalize.mean changes from [0.5] to [0.1]"),
    ("exchange.order=any", "exchange.order changes from fixed to any"),
    ("kernels.isa=avx2", "kernels.isa changes from auto to avx2"),
  ])
  func `some changes are said`(override: String, beginning: String) throws {
    let notices = try notices(override)
    #expect(notices.count == 1)
    #expect(notices.first?.hasPrefix(beginning) == true, "\(notices)")
  }

  @Test(arguments: [
    "verify.recompute=1", "exchange.timeout=5", "lanes=3", "train.recompute=blocks", "exchange.bucket=64KiB",
    "checkpoint.every-steps=5", "checkpoint.keep=9",
    "evaluate.every-epochs=2", "data.path=/elsewhere", "data.test-count=100", "data.test-images=t10k", "data.cache=0",
  ])
  func `some changes are free`(override: String) throws {
    #expect(try notices(override).isEmpty)
    #expect(try notices(override, .evaluate).isEmpty)
  }

  @Test func `no change is no notice`() throws { #expect(try notices("seed=1").isEmpty) }

  @Test(arguments: [
    ("data.hold-out=5", "trained on"), ("seed=9", "trained on"), ("data.normalize.std=[0.1]", "score may differ"),
    ("kernels.isa=avx2", "score may differ"), ("train.loss.cross-entropy.label-smoothing=0.1", "score may differ"),
  ])
  func `what reaches a score is said when it differs`(override: String, consequence: String) throws {
    let notices = try notices(override, .evaluate)
    #expect(notices.count == 1 && notices.first?.contains(consequence) == true, "\(notices)")
  }

  @Test(arguments: ["train.optimizer.sgd.momentum=0.5", "train.epochs=9", "exchange.order=any"])
  func `what cannot reach a score is not spoken of`(override: String) throws {
    #expect(try notices(override, .evaluate).isEmpty)
  }

  /// One way in which data, program or machine can be others, and what each purpose makes of it.
  struct Change: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let apply: @Sendable (inout RunIdentity) -> Void
    /// Of resume, evaluate and replay, those that refuse it.
    let refusing: Set<ContinuationRules.Purpose>
  }

  private static func split(
    _ old: SplitIdentity, count: Int? = nil, shape: [Int]? = nil, content: String? = nil
  )
    -> SplitIdentity
  {
    SplitIdentity(
      count: count ?? old.count, shape: shape ?? old.shape, content: content ?? old.content, coverage: old.coverage)
  }

  private static func data(
    _ identity: inout RunIdentity, train: SplitIdentity? = nil, test: SplitIdentity? = nil, classes: [String]? = nil
  ) {
    let old = identity.data
    identity.data = DataIdentity(train: train ?? old.train, test: test ?? old.test, classes: classes ?? old.classes)
  }

  private static let changes = [
    Change(testDescription: "program", apply: { $0.program = "0.2.0" }, refusing: []),
    Change(testDescription: "build", apply: { $0.build = "c" }, refusing: []),
    Change(testDescription: "kernels", apply: { $0.kernels = "openblas Haswell" }, refusing: []),
    Change(
      testDescription: "class renamed", apply: { data(&$0, classes: ["x"] + $0.data.classes.dropFirst()) },
      refusing: [.resume, .evaluate, .replay]),
    Change(
      testDescription: "classes in another order", apply: { data(&$0, classes: $0.data.classes.reversed()) },
      refusing: [.resume, .evaluate, .replay]),
    Change(
      testDescription: "class added", apply: { data(&$0, classes: $0.data.classes + ["x"]) },
      refusing: [.resume, .evaluate, .replay]),
    Change(
      testDescription: "shape", apply: { data(&$0, train: split($0.data.train, shape: [1, 32, 32])) },
      refusing: [.resume, .evaluate, .replay]),
    Change(
      testDescription: "training count", apply: { data(&$0, train: split($0.data.train, count: 99)) },
      refusing: [.resume, .replay]),
    Change(
      testDescription: "test count", apply: { data(&$0, test: split($0.data.test, count: 99)) }, refusing: [.evaluate]),
    Change(
      testDescription: "training pixel", apply: { data(&$0, train: split($0.data.train, content: "cc")) },
      refusing: []),
    Change(testDescription: "test pixel", apply: { data(&$0, test: split($0.data.test, content: "cc")) }, refusing: []),
  ]

  @Test(arguments: changes, [ContinuationRules.Purpose.resume, .evaluate, .replay])
  func `each change is refused or said`(change: Change, purpose: ContinuationRules.Purpose) throws {
    let saved = try Self.identity()
    var now = saved
    change.apply(&now)
    let notices = { () throws -> [String] in
      try ContinuationRules.notices(purpose, from: saved, to: now, checkpoint: "step-0000007")
    }
    if change.refusing.contains(purpose) {
      #expect(throws: RunError.self) { try notices() }
    } else {
      #expect(try notices().count == 1)
    }
  }

  @Test func `who names data of their own may score another number of samples`() throws {
    let saved = try Self.identity()
    var now = saved
    Self.data(&now, test: Self.split(saved.data.test, count: 99))
    let notices = try ContinuationRules.notices(
      .evaluate, from: saved, to: now, checkpoint: "step-0000007", choosesData: true)
    #expect(notices.first?.contains("other samples") == true)
  }
}
