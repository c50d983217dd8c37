import Network
import Operators
import Reference
import StrictYAML
import TestSupport
import Testing

/// The generator of the property tests itself.
struct RandomModelTests {
  /// The kinds of layers, merges and heads in a tree.
  private func kinds(_ nodes: [Module]) -> [String] {
    nodes.flatMap { node in
      switch node.body {
      case .layer(let layer): [layer.kind]
      case .sequential(let nodes): kinds(nodes)
      case .branches(let merge, let nodes): [merge.rawValue] + kinds(nodes)
      case .head(let head): ["head"] + kinds(head.layers)
      }
    }
  }

  @Test
  func `random models reach every kind of layer, merge and head`() {
    let reached = Set((UInt64(0)..<300).flatMap { kinds(RandomModel.network(seed: $0).layers) })
    #expect(reached == Set(RandomModel.kinds))
  }

  @Test(arguments: RandomModel.kinds)
  func `a model of a kind contains it`(kind: String) throws {
    for seed in UInt64(0)..<30 {
      let network = RandomModel.network(of: kind, seed: seed)
      #expect(kinds(network.layers).contains(kind))
      #expect(try network.output().isVector)
      // The layer table carries every kind; the identity and heads leave no row of their own.
      let rows = try network.layerTable().map(\.kind)
      #expect(rows.contains(kind) || ["identity", "head"].contains(kind))
    }
  }

  @Test
  func `random models stay small`() throws {
    let networks =
      (UInt64(0)..<300).map { RandomModel.network(seed: $0) }
      + RandomModel.kinds.flatMap { kind in (UInt64(0)..<10).map { RandomModel.network(of: kind, seed: $0) } }
    for network in networks {
      for row in try network.layerTable() {
        #expect(row.output.count <= 2_000 && max(row.output.height, row.output.width) <= 12, "\(network.fileText)")
      }
      let classes = try network.output().channels
      #expect((2...5).contains(classes))
    }
  }

  @Test
  func `the same arguments give the same model`() {
    #expect(RandomModel.network(seed: 3) == RandomModel.network(seed: 3))
    #expect(RandomModel.network(seed: 3) != RandomModel.network(seed: 4))
    #expect(RandomModel.network(of: "crop", seed: 3) == RandomModel.network(of: "crop", seed: 3))
    #expect(RandomModel.network(of: "crop", seed: 3) != RandomModel.network(of: "crop", seed: 4))
    let output = Shape(features: 4)
    #expect(RandomModel.loss(for: output, seed: 3) == RandomModel.loss(for: output, seed: 3))
  }

  @Test
  func `options and geometry are reached`() throws {
    let networks = (UInt64(0)..<60).map { RandomModel.network(of: "convolution", seed: $0) }
    let layers = networks.flatMap { network in
      network.layers.compactMap { if case .layer(.convolution(let layer)) = $0.body { layer } else { nil } }
    }
    #expect(layers.contains { $0.padding == .same })
    #expect(layers.contains { $0.groups == .depthwise })
    #expect(layers.contains { if case .count(let count) = $0.groups { count > 1 } else { false } })
    #expect(layers.contains { $0.stride.height > $0.kernel.height })
    #expect(
      layers.contains { if case .fixed(let padding) = $0.padding { padding.top != padding.bottom } else { false } })
    #expect(
      Set(layers.map { WeightInitializer.alternatives.map(\.name).firstIndex(of: $0.initial.alternative(.brief).name) })
        .count
        > 8)
    #expect(networks.contains { $0.input.isVector } && networks.contains { $0.input.channels == 1 })
    let rows = try networks.map { try $0.layerTable()[1] }
    #expect(
      zip(networks, rows).contains { network, row in
        guard case .layer(.convolution(let layer)) = network.layers[1].body else { return false }
        return layer.kernel.height > row.input.height
      })
  }

  @Test
  func `every loss fits a vector, and what is drawn fits its output`() throws {
    for shape in [Shape(features: 3), Shape(channels: 4, height: 3, width: 2), Shape(channels: 1, height: 5, width: 5)]
    {
      let losses = (UInt64(0)..<200).map { RandomModel.loss(for: shape, seed: $0) }
      #expect(losses.allSatisfy { $0.problem(with: shape) == nil })
      let kinds = Set(losses.map(\.kind))
      #expect(kinds.count == (shape.isVector ? Loss.alternatives.count : shape.channels > 1 ? 4 : 3))
      for loss in losses { #expect(try Loss(yaml: YAMLCursor(loss.yaml, source: "text")) == loss) }
    }
  }
}
