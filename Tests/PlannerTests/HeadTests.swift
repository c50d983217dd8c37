import Network
import Operators
import Planner
import Reference
import TestSupport
import Testing

/// Auxiliary heads: in training only.
struct HeadTests {
  /// The paths of all heads in a tree.
  private func heads(_ nodes: [Module], below path: String = "") -> [String] {
    nodes.enumerated().flatMap { index, node -> [String] in
      let own = node.path(below: path, index: index)
      switch node.body {
      case .layer: return []
      case .sequential(let nodes), .branches(_, let nodes): return heads(nodes, below: own)
      case .head(let head): return [own] + heads(head.layers, below: own)
      }
    }
  }

  private func isLoss(_ instruction: Instruction) -> Bool {
    if case .loss = instruction.operation { true } else { false }
  }

  @Test(arguments: UInt64(0)..<60)
  func `the evaluation holds nothing of a head`(seed: UInt64) throws {
    let network = RandomModel.network(of: "head", seed: seed)
    let heads = heads(network.layers)
    let plan = try plan(network)
    #expect(!heads.isEmpty)
    let losses = plan.training.instructions.filter(isLoss).map(\.path)
    #expect(losses.first == "loss" && Set(losses.dropFirst()) == Set(heads.map { "loss.\($0)" }))
    #expect(plan.evaluation.instructions.filter(isLoss).map(\.path) == ["loss"])
    for head in heads {
      #expect(plan.training.instructions.contains { $0.path.hasPrefix("\(head).") })
      #expect(!plan.evaluation.instructions.contains { $0.path.hasPrefix("\(head).") || $0.path == head })
    }
  }

  @Test(arguments: UInt64(0)..<60)
  func `without its heads a network is evaluated by the same instructions`(seed: UInt64) throws {
    let network = RandomModel.network(of: "head", seed: seed)
    func pruned(_ nodes: [Module]) -> [Module] {
      nodes.map { node in
        switch node.body {
        case .layer: return node
        case .head: return .layer(.identity(IdentityLayer()), name: node.name)
        case .sequential(let nodes): return Module(name: node.name, .sequential(pruned(nodes)))
        case .branches(let merge, let nodes): return Module(name: node.name, .branches(merge, pruned(nodes)))
        }
      }
    }
    var bare = network
    bare.layers = pruned(network.layers)
    let (a, b) = (try plan(network), try plan(bare))
    #expect(a.evaluation.instructions.map(\.operation) == b.evaluation.instructions.map(\.operation))
    #expect(a.evaluation.arenaCount == b.evaluation.arenaCount)
    for (x, y) in zip(a.evaluation.instructions, b.evaluation.instructions) {
      #expect(x.parameters.map { a.layout[$0].name } == y.parameters.map { b.layout[$0].name })
      #expect(x.statistics.map { a.layout[$0].path } == y.statistics.map { b.layout[$0].path })
    }
  }

  @Test
  func `batch normalizations before, in and behind a head keep their own statistics`() throws {
    func norm(_ name: String, momentum: Double) -> Module {
      var layer = BatchNormalizationLayer()
      layer.momentum = momentum
      return .layer(.batchNormalization(layer), name: name)
    }
    var head = Head()
    head.layers = [
      norm("inside", momentum: 0.5), .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(2)), name: "fc"),
    ]
    let network = NetworkDescription(
      name: "m", input: Shape(channels: 3, height: 4, width: 4),
      layers: [
        norm("before", momentum: 0.25), Module(name: "aux", .head(head)), norm("behind", momentum: 1),
        .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(2)), name: "fc"),
      ])
    let plan = try plan(network)
    #expect(plan.layout.statistics.map(\.path) == ["behind", "aux.inside", "before"])
    #expect(plan.layout.statistics.map(\.momentum) == [1, 0.5, 0.25])
    let used = { (program: Program) in
      program.instructions.compactMap { $0.statistics.map { plan.layout[$0].path } }
    }
    #expect(used(plan.evaluation) == ["before", "behind"])
    #expect(used(plan.training) == ["before", "aux.inside", "behind"])
    let parameters = plan.evaluation.instructions.flatMap { $0.parameters.map { plan.layout[$0].name } }
    #expect(parameters == ["before.weight", "before.bias", "behind.weight", "behind.bias", "fc.weight", "fc.bias"])
  }
}
