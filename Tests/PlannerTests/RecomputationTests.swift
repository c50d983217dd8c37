import Network
import Operators
import Planner
import Reference
import TestSupport
import Testing

/// Plans that give up values of the forward pass and compute them again.
struct RecomputationTests {
  private func again(_ program: Program) -> [Instruction] { program.instructions.filter { $0.pass == .recomputation } }

  private func network(_ name: String) throws -> NetworkDescription { try #require(Zoo.model(name)).network }

  @Test(.timeLimit(.minutes(4)), arguments: Zoo.models.map(\.name))
  func `the zoo's plans are sound and compute the same`(name: String) throws {
    try check(network(name), batch: 4)
  }

  @Test(.timeLimit(.minutes(4)), arguments: UInt64(0)..<300)
  func `a random model's plans are sound and compute the same`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    try check(network, batch: 3, loss: RandomModel.loss(for: try network.output(), seed: seed))
  }

  @Test(.timeLimit(.minutes(4)), arguments: RandomModel.kinds)
  func `plans of every kind of layer are sound and compute the same`(kind: String) throws {
    for seed in UInt64(0)..<20 { try check(RandomModel.network(of: kind, seed: seed), batch: 3) }
  }

  private func check(
    _ network: NetworkDescription, batch: Int, loss: Loss = .crossEntropy(CrossEntropyLoss())
  ) throws {
    let plain = try plan(network, batch: batch, imageGradient: true, loss: loss)
    for reuse in [true, false] {
      let blocks = try plan(network, batch: batch, reuse: reuse, imageGradient: true, recompute: .blocks, loss: loss)
      #expect(Verifier.violations(of: blocks) == [], "\(network.fileText)")
      #expect(blocks.layout == plain.layout && (blocks.evaluation == plain.evaluation || !reuse))
      #expect(try withoutRecomputation(blocks.training) == plain.training.instructions, "\(network.fileText)")
      #expect(blocks.training.arenaCount <= plain.training.arenaCount || !reuse)
    }
  }

  /// The program with the first result of each computation in the place of the second; fails if the second computation
  /// is not the first one's twin.
  private func withoutRecomputation(_ program: Program) throws -> [Instruction] {
    var originals: [SlotID: SlotID] = [:]
    var first: [Instruction] = []
    for instruction in program.instructions {
      var instruction = instruction
      instruction.reads = instruction.reads.map { originals[$0] ?? $0 }
      guard instruction.pass == .recomputation else {
        first.append(instruction)
        continue
      }
      let twin = try #require(first.first { isTwin($0, of: instruction) }, "\(instruction)")
      for (copy, original) in zip(instruction.writes, twin.writes) { originals[copy] = original }
    }
    return first
  }

  /// Whether both compute the same from the same; the second must leave the statistics alone.
  private func isTwin(_ first: Instruction, of second: Instruction) -> Bool {
    first.pass == .forward && first.operation == second.operation && first.path == second.path
      && first.reads == second.reads && first.parameters == second.parameters && second.gradients.isEmpty
      && second.statistics == nil && first.writes.count == second.writes.count
  }

  /// At most this part of the memory, for at most this part more arithmetic.
  @Test(
    .timeLimit(.minutes(4)),
    arguments: [
      ("resnet50", 8, 0.40, 0.34), ("vgg19", 4, 0.62, 0.34), ("resnet20", 16, 0.50, 0.34),
      ("mobilenet-cifar", 16, 0.40, 0.34),
    ])
  func `deep networks take less memory`(name: String, batch: Int, memory: Double, work: Double) throws {
    let plain = try plan(network(name), batch: batch).training
    let blocks = try plan(network(name), batch: batch, recompute: .blocks).training
    #expect(Double(blocks.arenaCount) < memory * Double(plain.arenaCount))
    #expect(blocks.flops == plain.flops + blocks.recomputedFlops)
    #expect(Double(blocks.recomputedFlops) < work * Double(plain.flops))
  }

  @Test func `a skip over the whole network does not stop blocks`() throws {
    let step = [Module.layer(.convolution(ConvolutionLayer(8, kernel: 3, padding: 1))), .layer(.activation(.relu))]
    let body = Module.sequential(Array(repeating: step, count: 12).flatMap { $0 })
    let network = NetworkDescription(
      name: "skip", input: Shape(channels: 3, height: 32, width: 32),
      layers: [.branches(.concat, [body, .layer(.identity(IdentityLayer()))])] + [.layer(.flatten(FlattenLayer()))]
        + [.layer(.dense(DenseLayer(3)))])
    let (plain, blocks) = (try plan(network).training, try plan(network, recompute: .blocks).training)
    #expect(3 * blocks.arenaCount < 2 * plain.arenaCount)
  }

  @Test func `what is computed again is needed, once, and not yet there`() throws {
    for name in ["resnet20", "vgg11-cifar"] {
      let program = try plan(network(name), recompute: .blocks).training
      let second = again(program)
      #expect(!second.isEmpty)
      #expect(Set(second.map(\.path)).count == second.count)
      let read = Set(program.instructions.flatMap(\.reads))
      for instruction in second { #expect(instruction.writes.contains(where: read.contains)) }
      let last = try #require(program.instructions.last { $0.pass == .forward && $0.operation.multiplyAdds > 0 })
      #expect(!second.contains { $0.path == last.path }, "the gradients of the last block come first")
    }
  }

  @Test func `the listing marks what is computed again`() throws {
    let plan = try plan(network("resnet20"), recompute: .blocks)
    let marked = plan.training.listing(layout: plan.layout).filter { $0.contains(" again ") }
    #expect(marked.count == again(plan.training).count)
  }
}
