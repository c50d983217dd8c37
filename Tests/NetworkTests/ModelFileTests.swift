import Network
import Randomness
import StrictYAML
import TestSupport
import Testing

/// Model files: what is written is read back, and mistakes are refused.
struct ModelFileTests {
  private func reread(_ network: NetworkDescription) throws -> NetworkDescription {
    try NetworkDescription(parsing: network.fileText, source: "model.yaml", name: network.name)
  }

  @Test(arguments: Zoo.models.map(\.name))
  func `a zoo model survives being written`(name: String) throws {
    let network = try #require(Zoo.model(name)).network
    #expect(try reread(network) == network)
  }

  @Test(arguments: UInt64(0)..<50)
  func `a random model survives being written`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    #expect(try reread(network) == network, "\(network.fileText)")
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

  @Test(.timeLimit(.minutes(1)), arguments: UInt64(0)..<300)
  func `a damaged model file is read, planned or refused`(seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: 1)
    var bytes = Array(RandomModel.network(seed: seed % 20).fileText.utf8)
    let signs = Array("0123456789[]{},:- \n".utf8)
    for _ in 0...stream.integer(below: 6) { bytes[stream.integer(below: bytes.count)] = stream.pick(signs) }
    let text = String(decoding: bytes, as: UTF8.self)
    _ = try? NetworkDescription(parsing: text, source: "model.yaml", name: "m").layerTable()
  }
}
