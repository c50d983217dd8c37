import Checkpoints
import Configuration
import Datasets
import Foundation
import Interchange
import Network
import Operators
import Randomness

/// The identity of a small run.
let identity: RunIdentity = {
  var configuration = RunConfiguration()
  configuration.seed = .max
  let network = NetworkDescription(
    name: "small \"model\"", input: Shape(channels: 1, height: 2, width: 3),
    layers: [.layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(2)), name: "fc")])
  configuration.model = .inline(InlineModel(network, origin: "/models/small.yaml"))
  let split = SplitIdentity(count: 9, shape: [1, 2, 3], content: "ab", coverage: "whole")
  return RunIdentity(
    program: "0.1.0", build: "f0", kernels: "Haswell", configuration: configuration,
    data: DataIdentity(train: split, test: split, classes: ["\u{e9}t\u{e9}", "b \"c\""]))
}()

/// Small contents that differ with `step` and `seed`, tensors in name order.
func contents(step: Int, seed: UInt64 = 1, count: Int = 6) -> CheckpointContents {
  var random = RandomStream(seed: seed, purpose: .testing, time: UInt64(step))
  var values: [Float] { (0..<count).map { _ in random.uniform() } }
  let model = [
    NamedTensor(name: "bn.num_batches_tracked", shape: [], elements: .int64([Int64(step)])),
    NamedTensor(name: "bn.running_mean", shape: [count], elements: .float32(values)),
    NamedTensor(name: "fc.weight", shape: [count, 1], elements: .float32(values)),
  ]
  var state = RunState(
    identity: identity, step: step, workers: 2, lanes: 1, weightsSHA256: WeightsHash.sha256(model))
  (state.trainLoss, state.testAccuracy) = (0.1 + 0.2, 0.5)
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
