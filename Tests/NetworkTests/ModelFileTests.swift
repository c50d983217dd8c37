import Network
import Operators
import Randomness
import Reference
import StrictYAML
import TestSupport
import Testing

/// Model files: what is written is read back, and mistakes are refused.
struct ModelFileTests {
  private func reread(_ network: NetworkDescription) throws -> NetworkDescription {
    try NetworkDescription(parsing: network.fileText, source: "model.yaml", name: network.name)
  }

  /// Both texts, the brief one and the canonical one, stand for the network and for nothing else.
  private func expectSurvival(of network: NetworkDescription) throws {
    #expect(try reread(network) == network, "\(network.fileText)")
    let text = network.canonicalText
    let again = try NetworkDescription(parsing: text, source: "model.yaml", name: network.name)
    #expect(again == network, "\(text)")
    #expect(again.canonicalText == text)
  }

  @Test(arguments: Zoo.models.map(\.name))
  func `a zoo model survives being written`(name: String) throws {
    try expectSurvival(of: try #require(Zoo.model(name)).network)
  }

  @Test(arguments: UInt64(0)..<300)
  func `a random model survives being written`(seed: UInt64) throws {
    try expectSurvival(of: RandomModel.network(seed: seed))
  }

  @Test(arguments: RandomModel.kinds)
  func `a model of any kind survives being written`(kind: String) throws {
    for seed in UInt64(0)..<50 {
      try expectSurvival(of: RandomModel.network(of: kind, seed: seed))
    }
  }

  @Test
  func `the canonical text writes every key of every layer`() throws {
    for alternative in Layer.alternatives {
      let network = RandomModel.network(of: alternative.name, seed: 1)
      let text = network.canonicalText
      for field in alternative.fields { #expect(text.contains("\(field.key):"), "\(field.key) is missing in \(text)") }
    }
  }

  @Test
  func `a head is written with its loss, and without where it has none`() throws {
    let text = """
      input: [3, 8, 8]
      layers:
        - {name: aux, head: {weight: 0.5, loss: {cross-entropy: {label-smoothing: 0.1}}, \
      layers: [flatten, {dense: {features: 2}}]}}
        - {name: late, head: {layers: [global-average-pool]}}
        - flatten
      """
    let network = try NetworkDescription(parsing: text, source: "model.yaml", name: "m")
    #expect(try reread(network) == network)
    #expect(try network.layerTable().map(\.path) == ["aux.0", "aux.1", "late.0", "2"])
    #expect(try network.output() == Shape(features: 192))
    guard case .head(let aux) = network.layers[0].body, case .head(let late) = network.layers[1].body else {
      throw NetworkError("no heads")
    }
    #expect(aux.weight == 0.5 && aux.loss?.kind == "cross-entropy")
    #expect(late.weight == 0.3 && late.loss == nil)
  }

  @Test
  func `the short and the long form mean the same`() throws {
    let short = "input: [3, 8, 8]\nlayers: [{convolution: {channels: 4}}, relu, [flatten, {dense: {features: 2}}]]"
    let long = """
      layers:
        - convolution: {channels: 4, kernel: [3, 3], stride: 1, bias: true}
        - relu: {}
        - sequential:
            - flatten:
            - {dense: {features: 2}}
      input: [3, 8, 8]
      """
    let networks = try [short, long].map { try NetworkDescription(parsing: $0, source: "model.yaml", name: "m") }
    #expect(networks[0] == networks[1])
    #expect(try networks[0].layerTable().map(\.path) == ["0", "1", "2.0", "2.1"])
  }

  @Test(arguments: [
    (
      "layers: [{convolutoin: {channels: 4}}]",
      "layers[0].convolutoin: unknown layer 'convolutoin'; did you mean 'convolution'?"
    ),
    (
      "layers: [{convolution: {chanels: 4}}]",
      "layers[0].convolution.chanels: unknown key 'chanels'; did you mean 'channels'?"
    ),
    ("layers: [convolution]", "the key 'channels' is missing"),
    ("layers: [{convolution: {channels: 0}}]", "must be from 1 to 1048576, not 0"),
    ("layers: [{convolution: {channels: 4, kernel: [1, 2, 3]}}]", "must be one number or [height, width]"),
    ("layers: [{convolution: {channels: 4, groups: 3}}]", "channels (4) must be a multiple of groups (3)"),
    ("layers: [{max-pool: {kernel: 2, padding: 2}}]", "padding (2) must be at least 0 and at most half the kernel (2)"),
    ("layers: [{dropout: {rate: 1}}]", "must be at least 0 and below 1, not 1"),
    ("layers: [{stochastic-depth: {rate: 0.9999999999}}]", "must be at least 0 and below 1, not 0.9999999999"),
    ("layers: [{convolution: {channels: 4, padding: [1, 2, 3]}}]", "[height, width] or [top, left, bottom, right]"),
    ("layers: [{convolution: {channels: 4, padding: -1}}]", "must be from 0 to 65536, not -1"),
    ("layers: [{convolution: {channels: 4, groups: depthwse}}]", "must be an integer"),
    ("layers: [{transposed-convolution: {channels: 4, padding: same}}]", "must be an integer, not 'same'"),
    (
      "layers: [{transposed-convolution: {channels: 4, stride: 2, output-padding: 2}}]",
      "output-padding (2) must be at least 0 and below the stride (2)"
    ),
    ("layers: [{lp-pool: {exponent: 0.5}}]", "must be from 1 to 16, not 0.5"),
    ("layers: [{lp-pool: {padding: 1}}]", "unknown key 'padding'"),
    ("layers: [{gaussian-pool: {kernel: 2, deviation: 0.01}}]", "must be from 0.05 to 65536, not 0.01"),
    ("layers: [{group-norm: {groups: 3, epsilon: 1e-50}}]", "must be from 1e-30 to 1e30, not 1e-50"),
    ("layers: [{local-response-norm: {k: 0}}]", "must be from 1e-30 to 1e30, not 0"),
    ("layers: [{upsample: {align-corners: true}}]", "align-corners: true needs mode: bilinear"),
    ("layers: [{gelu: {form: erf}}]", "unknown value 'erf'"),
    ("layers: [{reshape: {shape: [3, 8]}}]", "must be [channels, height, width]"),
    ("layers: [{crop: {}}]", "the key 'edges' is missing"),
    ("layers: [{head: {weight: 1e300, layers: [flatten]}}]", "must be from 0 to 1e30, not 1e+300"),
    ("layers: [{head: {layers: []}}]", "needs at least one layer"),
    ("layers: [{head: {loss: hinge, layers: [flatten]}}]", "unknown loss 'hinge'"),
    ("layers: [{branches: {merge: add, of: [relu]}}]", "needs at least two branches"),
    ("layers: [{name: 'a b', relu: {}}]", "may hold letters, digits"),
    ("layers: [{relu: {}, tanh: {}}]", "must hold one layer"),
    ("layers: []", "needs at least one layer"),
  ])
  func `a mistake in a model file is named`(layers: String, message: String) {
    #expect {
      try NetworkDescription(parsing: "input: [3, 8, 8]\n\(layers)", source: "model.yaml", name: "m")
    } throws: {
      "\($0)".hasPrefix("model.yaml:2: ") && "\($0)".contains(message)
    }
  }
}
