import Network
import Operators
import Planner
import Reference
import TestSupport
import Testing

/// Results that take the memory of an operand, and additions that an instruction does on its way.
struct OverwritingTests {
  /// A bottleneck: both contributions to the gradient of its input come from 1×1 layers or from the identity.
  private let bottleneck = NetworkDescription(
    name: "bottleneck", input: Shape(channels: 3, height: 8, width: 8),
    layers: [
      .layer(.convolution(ConvolutionLayer(16, kernel: 3, padding: 1)), name: "stem"),
      .branches(
        .add,
        [
          .sequential(
            [
              .layer(.convolution(ConvolutionLayer(8, kernel: 1, bias: false)), name: "narrow"),
              .layer(.batchNormalization(BatchNormalizationLayer()), name: "norm"), .layer(.activation(.relu)),
              .layer(.convolution(ConvolutionLayer(16, kernel: 1, bias: false)), name: "wide"),
              .layer(.batchNormalization(BatchNormalizationLayer()), name: "last"),
            ], name: "body"),
          .layer(.identity(IdentityLayer()), name: "short"),
        ], name: "block"),
      .layer(.activation(.relu)), .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(10)), name: "head"),
    ])

  private func additions(_ plan: StepPlan) -> Int {
    plan.training.instructions.count {
      if case .add = $0.operation { $0.pass == .backward } else { false }
    }
  }

  private func adding(_ plan: StepPlan) -> [Instruction] {
    plan.training.instructions.filter {
      if case .convolutionBackwardData = $0.operation { $0.reads.count == 2 } else { false }
    }
  }

  /// The operand of the addition and the result share their memory, so that nothing is copied.
  @Test
  func `a 1×1 layer adds its gradient where the other one lies`() throws {
    let plan = try plan(bottleneck)
    #expect(additions(plan) == 0)
    let instruction = try #require(adding(plan).first)
    #expect(adding(plan).count == 1 && instruction.path == "block.body.narrow")
    let slots = plan.training.slots
    #expect(slots[instruction.reads[1].index].range == slots[instruction.writes[0].index].range)
    #expect(slots[instruction.reads[0].index].range != slots[instruction.writes[0].index].range)
  }

  @Test
  func `without fusion the addition is an instruction of its own`() throws {
    var options = PlanOptions(microBatch: 4, microBatches: 1)
    options.fuses = false
    let plan = try Planner.plan(bottleneck, options: options)
    #expect(additions(plan) == 1 && adding(plan).isEmpty)
    #expect(Verifier.violations(of: plan) == [])
  }

  @Test
  func `resnet50 adds on the way, but for layers that cannot`() throws {
    let plan = try plan(try #require(Zoo.model("resnet50")).network, batch: 1)
    #expect(adding(plan).count == 16 && additions(plan) == 0)
  }

  /// What must not be overwritten is what anybody reads later: here the operand lives on.
  @Test(arguments: UInt64(0)..<200)
  func `nothing is overwritten that is read later`(seed: UInt64) throws {
    let program = try plan(RandomModel.network(seed: seed)).training
    var owner: [Int: SlotID] = [:]
    for (index, instruction) in program.instructions.enumerated() {
      for slot in instruction.reads where slot != program.images && !program[slot].range.isEmpty {
        #expect(owner[program[slot].offset] == slot, "instruction \(index) reads '\(program[slot].name)'")
      }
      for slot in instruction.writes + [instruction.scratch].compactMap(\.self) {
        owner = owner.filter { !program[$0.value].range.overlaps(program[slot].range) }
        owner[program[slot].offset] = slot
      }
    }
    #expect(program[program.logits].range.isEmpty || owner[program[program.logits].offset] == program.logits)
  }

  /// Here the gradient that is added is the one that is multiplied.
  @Test
  func `a product never lies on its own operand`() throws {
    let network = NetworkDescription(
      name: "m", input: Shape(channels: 16, height: 4, width: 4),
      layers: [
        .layer(.convolution(ConvolutionLayer(16, kernel: 3, padding: 1)), name: "stem"),
        .branches(
          .add, [.layer(.convolution(ConvolutionLayer(16, kernel: 1))), .layer(.identity(IdentityLayer()))],
          name: "block"), .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(10)), name: "head"),
      ])
    var plan = try plan(network)
    let instruction = try #require(adding(plan).first)
    #expect(instruction.reads[0] == instruction.reads[1])
    let (read, write) = (instruction.reads[0].index, instruction.writes[0].index)
    #expect(!plan.training.slots[read].range.overlaps(plan.training.slots[write].range))
    plan.training.slots[write].offset = plan.training.slots[read].offset
    #expect(Verifier.violations(of: plan).contains { $0.hasSuffix("overlap") })
  }

  @Test
  func `overwriting happens, and only with permission`() throws {
    var plan = try plan(try #require(Zoo.model("resnet20")).network)
    let shared = plan.training.instructions.filter { instruction in
      guard let range = instruction.writes.first.map({ plan.training[$0].range }) else { return false }
      return instruction.reads.contains { $0 != plan.training.images && plan.training[$0].range == range }
    }
    #expect(shared.count > 20)
    let place = try #require(
      plan.training.instructions.firstIndex { if case .convolution = $0.operation { true } else { false } })
    let next = plan.training.instructions[place + 1]
    plan.training.slots[next.writes[0].index].offset = plan.training[next.reads[0]].offset
    #expect(Verifier.violations(of: plan).contains { $0.hasSuffix("overlap") })
  }
}
