import Foundation
import Interchange
import Randomness
import Training

/// Runs `body` with the path of a new directory, and removes it afterwards.
@discardableResult
func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let url = FileManager.default.temporaryDirectory.appending(path: "checkpoints-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: url) }
  return try await body(url.path)
}

/// Small contents that differ with `step` and `seed`, tensors in name order.
func contents(step: Int, seed: UInt64 = 1, count: Int = 6) -> CheckpointContents {
  var random = RandomStream(seed: seed, purpose: .testing, time: UInt64(step))
  var values: [Float] { (0..<count).map { _ in random.uniform() } }
  let model = [
    NamedTensor(name: "bn.num_batches_tracked", shape: [], elements: .int64([Int64(step)])),
    NamedTensor(name: "bn.running_mean", shape: [count], elements: .float32(values)),
    NamedTensor(name: "fc.weight", shape: [count, 1], elements: .float32(values)),
  ]
  let state = RunState(
    step: step, samplesSeen: step * 128, seed: .max, workers: 2, lanes: 1, kernels: "Haswell", program: "1.0",
    configuration: "seed: 1\nmodel: lenet5 # a \"quoted\" word\n", fingerprint: "f0", weightsSHA256: "\(seed)",
    trainLoss: 0.1 + 0.2, testAccuracy: 0.5, bestStep: nil)
  return CheckpointContents(
    model: model, optimizer: [NamedTensor(name: "fc.weight", shape: [count, 1], elements: .float32(values))],
    state: state)
}

extension CheckpointStore {
  /// The names in the store's directory, hidden ones included.
  var names: [String] { (try? Disk.names(in: directory)) ?? [] }

  /// What `latest()` leads to.
  func loadLatest() throws -> CheckpointContents? {
    try latest().map { try CheckpointStore.load($0.path) }
  }
}
