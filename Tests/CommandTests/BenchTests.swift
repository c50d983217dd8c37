import Foundation
import TestSupport
import Testing

/// What `bench` and the last lines of `plan` print; never how fast anything is.
@Suite struct BenchTests {
  /// The objects that a command prints, one a line.
  private func objects(_ arguments: [String]) throws -> [[String: Any]] {
    let outcome = try run(arguments + ["--json"])
    try #require(outcome.status == 0, "\(outcome.everything)")
    return try outcome.output.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  private func run(_ arguments: [String]) throws -> Programs.Outcome {
    try Programs.run([try Programs.path(of: "cnn-dist")] + arguments)
  }

  static let times: Set = ["milliseconds", "gflop-per-second", "share-of-peak", "gigabyte-per-second"]

  @Test func `bench step has stable keys and both tables`() throws {
    let report = try #require(
      try objects(["bench", "step", "lenet5", "--micro-batch", "2", "--seconds", "0.01", "--lanes", "2"]).first)
    #expect(
      Set(report.keys) == [
        "model", "micro-batch", "lanes", "images", "images-per-second", "forward-images-per-second",
        "step-milliseconds", "fastest-milliseconds", "slowest-milliseconds", "steps", "kernels", "gflop-per-second",
        "share-of-peak", "peak-gflop-per-second", "milliseconds", "kinds", "layers",
      ])
    #expect(report["images"] as? Int == 4)
    let rates = try ["images-per-second", "forward-images-per-second"].map { try #require(report[$0] as? Double) }
    #expect(rates[0] > 0 && rates[1] > rates[0], "the forward pass is a part of a step")
    let kinds = try #require(report["kinds"] as? [[String: Any]])
    #expect(kinds.allSatisfy { Set($0.keys) == Self.times.union(["operation", "algorithm", "calls"]) })
    #expect(kinds.contains { $0["operation"] as? String == "update" })
    let layers = try #require(report["layers"] as? [[String: Any]])
    #expect(layers.allSatisfy { Set($0.keys) == Self.times.union(["operation", "algorithm", "path", "pass"]) })
    #expect(layers.first?["path"] as? String == "conv1")
    #expect(layers.first?["algorithm"] is String)
  }

  @Test func `bench ops has stable keys and one chosen algorithm for each pass`() throws {
    let rows = try objects(["bench", "ops", "lenet5", "--micro-batch", "2", "--seconds", "0.01", "--errors"])
    let own: Set = [
      "layers", "micro-batch", "input", "output", "kernel", "stride", "dilation", "padding", "groups", "pass",
      "algorithm", "chosen", "peak-gflop-per-second", "kernels", "error", "error-samples",
    ]
    #expect(rows.allSatisfy { Set($0.keys) == Self.times.union(own) })
    #expect(rows.allSatisfy { ($0["error"] as? Double ?? 1) < 1e-5 && $0["error-samples"] as? Int == 2 })
    // Two convolutions of three passes, but the images of the first get no gradient.
    #expect(rows.filter { $0["chosen"] as? Bool == true }.count == 5)
  }

  @Test func `bench sweep goes on behind a size that does not fit`() throws {
    let rows = try objects([
      "bench", "sweep", "lenet5", "--sizes", "4,28", "--micro-batches", "1,2", "--seconds", "0.01",
    ])
    #expect(
      rows.allSatisfy {
        Set($0.keys) == [
          "model", "kernels", "input", "micro-batch", "images-per-second", "peak-bytes", "problem",
          "is-smallest-near-best", "is-recommended",
        ]
      })
    #expect(rows.map { $0["problem"] is String } == [true, true, false, false])
    #expect(rows.filter { $0["is-smallest-near-best"] as? Bool == true }.count == 1)
    let text = try run(["bench", "sweep", "lenet5", "--sizes", "4", "--micro-batches", "1", "--seconds", "0.01"])
    #expect(text.status == 0 && text.output.contains("conv1") && text.output.contains("4×4"), "\(text.everything)")
  }

  @Test func `the tables name what they measure`() throws {
    let step = try run(["bench", "step", "lenet5", "--micro-batch", "2", "--seconds", "0.01", "--layers"])
    for word in ["images/s", "of peak", "GB/s", "conv1", "backward", "direct", "update", "fused multiply-adds"] {
      #expect(step.output.contains(word), "no '\(word)' in: \(step.everything)")
    }
    let ops = try run(["bench", "ops", "lenet5", "--micro-batch", "2", "--seconds", "0.01"])
    #expect(ops.output.contains("lenet5 conv1") && ops.output.contains("direct *"), "\(ops.everything)")
  }

  @Test func `plan tells a rank's memory and recommends a micro-batch`() throws {
    let summary = try #require(try objects(["plan", "resnet20", "--lanes", "2"]).last)
    #expect(
      Set(summary.keys) == [
        "model", "micro-batch", "lanes", "trained-parameters", "frozen-parameters", "exchanged-bytes", "arena-bytes",
        "peak-bytes", "recommended-micro-batch", "recommendation",
      ])
    let memory = try #require(summary["peak-bytes"] as? [String: Int])
    #expect(Set(memory.keys) == ["total", "arenas", "parameters", "gradients", "optimizer", "input-slots"])
    #expect(memory["total"] == memory.values.reduce(0, +) - (memory["total"] ?? 0))
    let text = try run(["plan", "resnet20"]).output
    #expect(text.contains("peak memory of a rank with 1 lane: ") && text.contains("recommended micro-batch: "))
  }

  @Test(arguments: [
    ["step", "mlp", "--lanes", "0"], ["step", "mlp", "--seconds", "0"], ["ops", "--micro-batch", "0"],
    ["sweep", "mlp", "--sizes", "1,x"], ["sweep", "mlp", "--micro-batches", ""], ["sweep"],
  ])
  func `options out of range are wrong usage`(arguments: [String]) throws {
    let outcome = try run(["bench"] + arguments)
    #expect(outcome.status == 64, "\(arguments): \(outcome.everything)")
  }

  @Test(arguments: ["step", "ops", "sweep"])
  func `an unknown model is refused`(command: String) throws {
    expectRefusal(try run(["bench", command, "lenet6"]), ["lenet6", "lenet5"])
  }
}
