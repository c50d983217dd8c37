import Network
import Operators
import Planner
import Reference
import TestSupport
import Testing

/// Plans in which some parameters are not trained, and some running statistics not updated.
struct FrozenTests {
  /// Plans of a network with a random part frozen, with and without recomputation, shared memory and the images'
  /// gradient.
  private func check(
    _ network: NetworkDescription, seed: UInt64, loss: Loss = .crossEntropy(CrossEntropyLoss())
  ) throws {
    var options = PlanOptions(microBatch: 3, microBatches: 3, bucketElements: 256)
    options.loss = loss
    let layout = try Planner.plan(network, options: options).layout
    options.freeze(partOf: layout, seed: seed, statistics: seed % 2 == 0)
    for recompute in RecomputeChoice.allCases {
      for (reuse, fuses, imageGradient) in [(true, true, false), (false, true, true), (true, false, false)] {
        options.recompute = recompute
        (options.reusesMemory, options.fuses, options.imageGradient) = (reuse, fuses, imageGradient)
        let plan = try Planner.plan(network, options: options)
        #expect(Verifier.violations(of: plan) == [], "\(options.frozen.sorted()) of \(network.fileText)")
        expectComplete(plan, of: layout)
      }
    }
  }

  /// The layout holds what it would hold with nothing frozen, and a gradient is written of what is trained, of nothing
  /// else.
  private func expectComplete(_ plan: StepPlan, of whole: FlatLayout) {
    let (layout, options) = (plan.layout, plan.options)
    #expect(Set(layout.parameters.map(\.name)) == Set(whole.parameters.map(\.name)))
    #expect(Set(layout.statistics.map(\.path)) == Set(whole.statistics.map(\.path)))
    let written = plan.training.instructions.flatMap { $0.writtenGradients.map { layout[$0].name } }
    let trained = whole.parameters.map(\.name).filter { !options.frozen.contains($0) }
    #expect(Set(written) == Set(trained) && layout.trainedParameters.map(\.name) == trained)
    let frozen = layout.parameters.dropFirst(layout.trainedParameters.count)
    #expect(Set(frozen.map(\.name)) == options.frozen)
    #expect(frozen.allSatisfy { $0.range.lowerBound >= layout.exchangedCount && !$0.isTrainable })
    #expect(layout.statistics.allSatisfy { $0.isUpdated != options.frozenStatistics.contains($0.path) })
    #expect(layout.trainedCount + frozen.reduce(0) { $0 + $1.range.count } == whole.parameterCount)
  }

  @Test(.timeLimit(.minutes(4)), arguments: UInt64(0)..<300)
  func `a random model's plans are sound, whatever is frozen`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    try check(network, seed: seed, loss: RandomModel.loss(for: try network.output(), seed: seed))
  }

  @Test(.timeLimit(.minutes(4)), arguments: RandomModel.kinds)
  func `plans of every kind of layer are sound, whatever is frozen`(kind: String) throws {
    for seed in UInt64(0)..<20 { try check(RandomModel.network(of: kind, seed: seed), seed: seed) }
  }

  /// The forward pass does not know what is frozen, but for the statistics that it uses.
  @Test(arguments: UInt64(0)..<100)
  func `freezing parameters leaves the forward pass and the evaluation as they are`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    let whole = try plan(network)
    var options = whole.options
    options.freeze(partOf: whole.layout, seed: seed, statistics: false)
    let part = try Planner.plan(network, options: options)
    #expect(named(part.evaluation, part.layout) == named(whole.evaluation, whole.layout))
    let forward = { (plan: StepPlan) in named(plan.training, plan.layout).filter { !$0.contains("backward") } }
    #expect(forward(part).prefix { $0.contains("forward") } == forward(whole).prefix { $0.contains("forward") })
  }

  /// Each instruction with the names of what it uses.
  private func named(_ program: Program, _ layout: FlatLayout) -> [String] {
    program.instructions.map { instruction in
      let slots = (instruction.reads + instruction.writes).map { program[$0].name }
      let parameters = instruction.parameters.map { layout[$0].name }
      let statistics = instruction.statistics.map { layout[$0].path } ?? ""
      return "\(instruction.pass) \(instruction.operation) \(instruction.path) \(slots) \(parameters) \(statistics)"
    }
  }

  private func onlyLast(of name: String, batch: Int, statistics: Bool) throws -> (whole: StepPlan, part: StepPlan) {
    let network = try #require(Zoo.model(name)).network
    let whole = try plan(network, batch: batch, bucket: 1 << 18)
    var options = whole.options
    options.frozen = Set(whole.layout.parameters.dropFirst(2).map(\.name))
    if statistics { options.frozenStatistics = Set(whole.layout.statistics.map(\.path)) }
    return (whole, try Planner.plan(network, options: options))
  }

  @Test(arguments: Zoo.models.map(\.name), [true, false])
  func `with all but the last layer frozen the backward pass is one weight gradient`(
    name: String, statistics: Bool
  ) throws {
    let (whole, part) = try onlyLast(of: name, batch: 4, statistics: statistics)
    let backward = part.training.instructions.filter { $0.pass == .backward }
    #expect(backward.map(\.operation.name) == ["dense backward weights"])
    #expect(backward[0].writtenGradients.count == 2 && part.layout.parameterEnd < whole.layout.parameterEnd)
    #expect(part.training.flops < whole.training.flops && part.training.flops >= part.evaluation.flops)
    #expect(Verifier.violations(of: part) == [])
  }

  /// What the backward pass does not read need not be kept: the arena is hardly larger than in evaluation.
  @Test(arguments: ["resnet20", "resnet50", "mobilenet-cifar", "vgg19"])
  func `with all but the last layer frozen activations are not kept`(name: String) throws {
    let (whole, part) = try onlyLast(of: name, batch: 4, statistics: true)
    #expect(part.training.arenaCount < whole.training.arenaCount)
    #expect(Double(part.training.arenaCount) < 1.05 * Double(part.evaluation.arenaCount))
  }

  @Test
  func `a bias is trained without its weights`() throws {
    var options = PlanOptions(microBatch: 4, microBatches: 3, bucketElements: 256)
    options.frozen = ["first.weight", "norm.weight", "block.body.weight", "head.weight"]
    let plan = try Planner.plan(mixedNetwork, options: options)
    #expect(Verifier.violations(of: plan) == [])
    let writers = plan.training.instructions.filter { !$0.gradients.isEmpty }
    let bias = "bias gradient"
    #expect(writers.map(\.operation.name) == [bias, bias, "batch-norm backward", bias])
    #expect(writers[2].gradients.map { $0 == nil } == [true, false] && writers[2].scratch != nil)
  }

  @Test
  func `a batch normalization with frozen statistics does not keep its input`() throws {
    var options = PlanOptions(microBatch: 4, microBatches: 3, bucketElements: 256)
    (options.frozen, options.frozenStatistics) = (["norm.weight", "norm.bias"], ["norm"])
    let plan = try Planner.plan(mixedNetwork, options: options)
    let first = try #require(plan.training.instructions.first).writes[0]
    #expect(plan.training.instructions.count { $0.reads.contains(first) } == 1)
    #expect(plan.layout.updatedStatistics.isEmpty && plan.layout.parameterEnd == plan.layout.metrics.lowerBound)
  }

  @Test
  func `freezing everything, or what does not exist, is refused`() throws {
    let names = try plan(mixedNetwork).layout.parameters.map(\.name)
    var options = PlanOptions(microBatch: 4, microBatches: 3)
    options.frozen = Set(names)
    var message = #expect(throws: NetworkError.self) { try Planner.plan(mixedNetwork, options: options) }?.description
    #expect(message?.hasPrefix("model mixed: every parameter is frozen, so there is nothing to train") == true)
    options.imageGradient = true
    #expect(Verifier.violations(of: try Planner.plan(mixedNetwork, options: options)) == [])
    options.frozen = ["first.weights"]
    message = #expect(throws: NetworkError.self) { try Planner.plan(mixedNetwork, options: options) }?.description
    #expect(message == "model mixed: 'first.weights' cannot be frozen, as there is no parameter of this name")
    (options.frozen, options.frozenStatistics) = ([], ["first"])
    message = #expect(throws: NetworkError.self) { try Planner.plan(mixedNetwork, options: options) }?.description
    #expect(message == "model mixed: the statistics of 'first' cannot be frozen, as it keeps none")
  }
}
