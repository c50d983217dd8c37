import Foundation
import TestSupport
import Testing

/// The first promise, with real processes under real mpirun: the number of workers never changes the answer.
@Suite(.serialized) struct IdentityTests {
  /// Every stochastic layer, statistics, and an auxiliary head.
  private static let model = """
    input: [1, 28, 28]
    layers:
      - {name: conv1, convolution: {channels: 4, kernel: 3, stride: 2, padding: 1, bias: false}}
      - {name: bn1, batch-norm: {}}
      - relu
      - {name: drop1, spatial-dropout: {rate: 0.2}}
      - branches:
          merge: add
          of:
            - - {convolution: {channels: 4, kernel: 3, padding: 1, bias: false}}
              - batch-norm
              - {name: depth, stochastic-depth: {rate: 0.3}}
            - identity
      - {name: relu2, relu: {}}
      - {name: aux, head: {weight: 0.3, layers: [global-max-pool, {dense: {features: 10}}]}}
      - {name: drop2, dropout: {rate: 0.2}}
      - {name: pool, global-average-pool: {}}
      - {name: fc, dense: {features: 10}}
    """

  /// 16 micro-batches of 2; 301 samples are no multiple of 32, and 30 steps are three epochs.
  private static let settings = [
    "model={file: model.yaml}", "data.augment=[{random-crop: {padding: 2}}, horizontal-flip]", "train.steps=30",
    "train.micro-batch=2", "train.optimizer={sgd: {momentum: 0.9, nesterov: true, weight-decay: 5.0e-4}}",
    "train.schedule={cosine: {peak: 0.1, warm-up-epochs: 0.5}}",
    "train.loss={cross-entropy: {label-smoothing: 0.1}}",
  ]

  @Test(.timeLimit(.minutes(10)))
  func `ranks, lanes, buckets, recomputation and debug mode give the same weights`() throws {
    try Workplace.run { place throws in
      try place.write(Self.model, to: "model.yaml")
      let expected = try place.hash("alone", Self.settings)
      let ledger = try place.text("alone/ledger.jsonl")
      for (ranks, lanes, bucket) in [
        (1, 1, "1KiB"), (2, 1, "1MiB"), (3, 1, "1KiB"), (4, 1, "64MiB"), (5, 1, "1MiB"), (8, 1, "1KiB"),
        (1, 2, "1MiB"), (2, 2, "1KiB"), (3, 2, "64KiB"), (4, 2, "1MiB"), (1, 4, "1KiB"),
      ] {
        let name = "r\(ranks)-l\(lanes)-\(bucket)"
        let hash = try place.hash(
          name, Self.settings + ["lanes=\(lanes)", "exchange.bucket=\(bucket)"], ranks: ranks)
        #expect(hash == expected, "\(name)")
        #expect(try place.text("\(name)/ledger.jsonl") == ledger, "\(name)")
      }
      #expect(try place.hash("debug", Self.settings, options: ["--debug"]) == expected)
      for ranks in [1, 3] {
        #expect(try place.hash("twice\(ranks)", Self.settings + ["train.recompute=blocks"], ranks: ranks) == expected)
        #expect(try place.text("twice\(ranks)/ledger.jsonl") == ledger)
      }
    }
  }

  @Test func `with plain MPI_Allreduce the weights depend on the ranks`() throws {
    try Workplace.run { place throws in
      try place.write(Self.model, to: "model.yaml")
      let hashes = try [1, 2, 3].map { (ranks: Int) in
        try place.hash("any\(ranks)", Self.settings + ["exchange.order=any"], ranks: ranks)
      }
      #expect(Set(hashes).count == 3, "\(hashes)")
    }
  }

  @Test func `the evaluation is the same to the last digit and scores each sample once`() throws {
    try Workplace.run { place throws in
      _ = try place.hash("run")
      let lines = try [1, 2, 3, 5].map { (ranks: Int) in
        let outcome = try place.cnnDist(
          ["evaluate", "--checkpoint", "run/checkpoints/latest", "--json", "--set", "lanes=1"], ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.everything)")
        return outcome.lastLine
      }
      #expect(Set(lines).count == 1, "\(lines)")
      #expect(lines[0].contains("\"samples-evaluated\":83"))
    }
  }
}
