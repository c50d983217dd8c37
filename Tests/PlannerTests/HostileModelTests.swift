import Network
import Operators
import Planner
import Randomness
import Reference
import TestSupport
import Testing

/// Damaged model files give a model or an error, never a trap; and what is accepted is planned soundly.
struct HostileModelTests {
  private let vocabulary =
    RandomModel.kinds + [
      "channels", "kernel", "stride", "padding", "groups", "name", "sequential", "branches", "merge", "of", "layers",
      "input", "weight", "loss", "rate", "scale", "size", "initial", "edges", "shape", "epsilon", "deviation",
      "cross-entropy", "mean-squared-error", "localization", "triplet", "cosine", "sobel", "kirsch", "box", "weights",
      "orthogonal", "normal", "he-normal", "constant",
    ]

  /// The network of a damaged file, and its damage.
  private func damaged(_ seed: UInt64) -> String {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of("damaged model"))
    let network =
      stream.oneIn(2)
      ? RandomModel.network(seed: seed % 100) : RandomModel.network(of: stream.pick(RandomModel.kinds), seed: seed % 10)
    return HostileText.damaged(network.fileText, vocabulary: vocabulary, &stream)
  }

  /// Small enough to be planned in no time.
  private func isSmall(_ network: NetworkDescription) throws -> Bool {
    let rows = try network.layerTable()
    return rows.reduce(network.input.count) { $0 + $1.output.count } < 1 << 18
      && rows.reduce(0) { $0 + $1.parameterCount } < 1 << 18
  }

  @Test(.timeLimit(.minutes(6)))
  func `a damaged model file is planned soundly or refused`() throws {
    var accepted = 0
    for seed in UInt64(0)..<1_500 {
      let text = damaged(seed)
      guard let network = try? NetworkDescription(parsing: text, source: "model.yaml", name: "m") else { continue }
      guard (try? isSmall(network)) == true, let plan = try? plan(network) else { continue }
      accepted += 1
      #expect(Verifier.violations(of: plan) == [], "\(text)")
      #expect(InitialParameters.values(plan.layout, seed: seed).allSatisfy { $0.isFinite }, "\(text)")
      #expect(plan.training.instructions.allSatisfy(hasFiniteWeights), "\(text)")
      #expect(plan.training.logits != plan.training.images)
      let reread = try? NetworkDescription(parsing: network.fileText, source: "model.yaml", name: "m")
      #expect(reread == network, "\(text)")
    }
    // The damage is mild enough that the planner is reached.
    #expect(accepted > 100)
  }

  private func hasFiniteWeights(_ instruction: Instruction) -> Bool {
    switch instruction.operation {
    case .resample(let map): (map.rows.weights + map.columns.weights).allSatisfy(\.isFinite)
    case .filter(let geometry): geometry.filters.allSatisfy(\.isFinite)
    default: true
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: UInt64(0)..<300)
  func `a model file with foreign characters is read, planned or refused`(seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: 1)
    var bytes = Array(RandomModel.network(seed: seed % 20).fileText.utf8)
    let signs = Array("0123456789[]{},:- \n".utf8)
    for _ in 0...stream.integer(below: 6) { bytes[stream.integer(below: bytes.count)] = stream.pick(signs) }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let network = try? NetworkDescription(parsing: text, source: "model.yaml", name: "m") else { return }
    guard (try? isSmall(network)) == true, let plan = try? plan(network) else { return }
    #expect(Verifier.violations(of: plan) == [], "\(text)")
  }

  /// One layer between others, each with a setting that no machine can hold or no number can mean.
  @Test(
    .timeLimit(.minutes(4)),
    arguments: [
      "{upsample: {scale: [65536, 1]}}", "{zero-pad: {padding: 65536}}", "{adaptive-average-pool: {size: 65536}}",
      "{filter: {kernel: {box: {size: 255}}, dilation: 65536, stride: 65536}}",
      "{filter: {kernel: {gaussian: {size: 255, deviation: 65536}}}}",
      "{convolution: {channels: 1, kernel: [65536, 1], padding: same, dilation: 65536}}",
      "{convolution: {channels: 1048576, kernel: 65536, stride: 65536, padding: 65536, groups: 1}}",
      "{transposed-convolution: {channels: 1048576, kernel: 65536, stride: 65536, dilation: 65536, padding: 65536}}",
      "{max-pool: {kernel: 65536, stride: 65536, padding: 32768, dilation: 65536, ceil: true}}",
      "{max-pool: {kernel: 65536, stride: 1, padding: 32768, ceil: true}}",
      "{average-pool: {kernel: 65536, stride: 1, padding: 32768, ceil: true}}",
      "{gaussian-pool: {kernel: 65536, padding: 32768, deviation: 65536}}",
      "{lp-pool: {kernel: 65536, stride: 65536, exponent: 16, ceil: true}}",
      "{local-response-norm: {size: 1048576, alpha: 1e30, beta: 1e30, k: 1e-30}}", "{group-norm: {groups: 1048576}}",
      "{reshape: {shape: [65536, 65536, 65536]}}", "{crop: {edges: 65536}}", "{channel-shuffle: {groups: 1048576}}",
    ])
  func `large settings are planned or refused`(layer: String) throws {
    for input in ["[1, 8, 8]", "[2, 1, 1]", "[1, 65536, 1]", "[3, 7, 65536]", "[65536, 1, 1]"] {
      let text = "input: \(input)\nlayers: [\(layer), identity, global-average-pool, {dense: {features: 2}}]"
      let network = try NetworkDescription(parsing: text, source: "model.yaml", name: "m")
      guard (try? isSmall(network)) == true, let plan = try? plan(network, batch: 1) else { continue }
      #expect(Verifier.violations(of: plan) == [], "\(text)")
      #expect(plan.training.instructions.allSatisfy(hasFiniteWeights), "\(text)")
    }
  }
}
