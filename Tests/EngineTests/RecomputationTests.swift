import Engine
import Network
import Operators
import Planner
import Reference
import Testing

/// What is computed twice has the same bits twice: recomputation changes nothing but the memory that a step takes.
@Suite struct RecomputationTests {
  /// Deep ones of the zoo for small images; each is known to compute something twice.
  static let networks: [NetworkDescription] = ["resnet20", "mobilenet-cifar", "vgg11-cifar"].compactMap {
    Zoo.model($0)?.network(input: Shape(channels: 3, height: 32, width: 32), classes: 5)
  }

  @Test(.timeLimit(.minutes(4)), arguments: networks + [stochastic])
  func `deep networks keep their bits`(network: NetworkDescription) throws {
    #expect(try check(network) > 0)
  }

  @Test(.timeLimit(.minutes(4)))
  func `random networks keep their bits`() throws {
    let again = try (UInt64(0)..<200).map { try check(RandomModel.network(seed: $0)) }
    #expect(again.count { $0 > 0 } >= 20, "the law is tried on networks that compute something twice")
  }

  @Test(.timeLimit(.minutes(4)), arguments: RandomModel.kinds)
  func `every kind of layer keeps its bits`(kind: String) throws {
    for seed in UInt64(0)..<5 { _ = try check(RandomModel.network(of: kind, seed: seed)) }
  }

  /// Compares loss, logits, gradients and statistics in an arena that is full of NaN before, of two steps; returns how
  /// many instructions run twice.
  private func check(_ network: NetworkDescription) throws -> Int {
    var plain = try Subject(network, batch: 3)
    var blocks = try Subject(network, batch: 3) { $0.recompute = .blocks }
    var executor = try Executor(plan: blocks.plan)
    for step in 0..<2 {
      plain.context = StepContext(seed: 5, step: step, globalBatch: 9)
      blocks.context = plain.context
      executor.poisonArena()
      let outcome = try plain.train()
      expectSame(blocks.train(on: &executor), outcome, plain.plan.layout)
      for parameter in plain.plan.layout.parameters {
        for place in parameter.range { plain.parameters[place] -= 0.1 * outcome.gradient[place] }
      }
      blocks.parameters = plain.parameters
    }
    return blocks.plan.training.instructions.count { $0.pass == .recomputation }
  }

  /// Statistics, masks of all three kinds, indices of max pooling and a head, in residual blocks.
  private static let stochastic = NetworkDescription(
    name: "stochastic", input: Shape(channels: 3, height: 16, width: 16),
    layers: [.layer(.convolution(ConvolutionLayer(8, kernel: 3, padding: 1)), name: "stem")]
      + (0..<8).map(block) + [head, .layer(.globalAveragePooling(GlobalAveragePoolingLayer())), classes])

  private static func block(_ index: Int) -> Module {
    let body: [Module] = [
      .layer(.convolution(ConvolutionLayer(8, kernel: 3, padding: 1, bias: false))),
      .layer(.batchNormalization(BatchNormalizationLayer())), .layer(.dropout(DropoutLayer(0.2))),
      .layer(.maxPooling(MaxPoolingLayer(3, stride: 1, padding: 1))), .layer(.spatialDropout(spatialDropout)),
      .layer(.stochasticDepth(stochasticDepth)),
    ]
    return .sequential(
      [.branches(.add, [.sequential(body), .layer(.identity(IdentityLayer()))]), .layer(.activation(.relu))],
      name: "block\(index)")
  }

  private static var spatialDropout: SpatialDropoutLayer {
    var layer = SpatialDropoutLayer()
    layer.rate = 0.25
    return layer
  }

  private static var stochasticDepth: StochasticDepthLayer {
    var layer = StochasticDepthLayer()
    layer.rate = 0.25
    return layer
  }

  private static var head: Module {
    var head = Head()
    head.layers = [.layer(.globalMaxPooling(GlobalMaxPoolingLayer())), .layer(.dense(DenseLayer(5)))]
    return Module(name: "aux", .head(head))
  }

  private static let classes = Module.layer(.dense(DenseLayer(5)))
}
