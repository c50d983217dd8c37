import Configuration
import Diagnostics
import Engine
import Network
import Operators
import Planner
import Reference
import Testing
import Training

/// What the benchmarks compute, apart from its time.
@Suite struct BenchmarkTests {
  private func network(_ name: String) throws -> NetworkDescription { try #require(Zoo.model(name)).network }

  /// The benchmark runs the product's worker, so its steps obey the same law.
  @Test(.timeLimit(.minutes(4)))
  func `the weights after measured steps do not depend on the lanes`() throws {
    var train = TrainConfiguration()
    (train.microBatch, train.globalBatch, train.epochs, train.steps) = (4, 12, nil, 100)
    let blueprint = try SyntheticRun.blueprint(network("lenet5"), train: train)
    let weights = try [1, 2, 3].map { lanes in
      let worker = try SyntheticRun.worker(blueprint, lanes: lanes)
      defer { worker.end() }
      for step in 0..<3 { #expect(try worker.step(step, votes: Votes()).loss.isFinite) }
      return worker.parameters.map(\.bitPattern)
    }
    #expect(weights[0] == weights[1] && weights[0] == weights[2])
    #expect(weights[0] != InitialParameters.values(blueprint.plan.layout, seed: 1).map(\.bitPattern))
  }

  /// Models whose losses read dense targets cannot be trained on a dataset of labels, but they can be timed.
  @Test func `a model with dense targets is timed`() throws {
    let model = NetworkDescription(
      name: "values", input: Shape(channels: 1, height: 4, width: 4),
      layers: [.layer(.flatten(FlattenLayer()), name: "flat"), .layer(.dense(DenseLayer(3)), name: "fc")])
    var benchmark = StepBenchmark(microBatch: 2)
    benchmark.train.loss = .meanSquaredError(MeanSquaredErrorLoss())
    let worker = try SyntheticRun.worker(benchmark.blueprint(model), lanes: 1)
    defer { worker.end() }
    #expect(try worker.step(0, votes: Votes()).loss.isFinite)
  }

  @Test(arguments: ["lenet5", "resnet20", "mobilenet-cifar"])
  func `every convolution of a model is a subject, in the passes that training needs`(name: String) throws {
    let plan = try StepBenchmark(microBatch: 2).blueprint(network(name)).plan
    let subjects = ConvolutionSubject.merged([ConvolutionSubject.all(in: plan, of: name)])
    #expect(Set(subjects.map(\.geometry)).count == subjects.count)
    var passes: [ConvolutionGeometry: Set<ConvolutionPass>] = [:]
    for instruction in plan.training.instructions {
      guard let work = instruction.operation.convolution else { continue }
      passes[work.geometry, default: []].insert(work.pass)
      let subject = try #require(subjects.first { $0.geometry == work.geometry })
      #expect(subject.layers.contains("\(name) \(instruction.path)") && subject.batch == 2)
    }
    #expect(Dictionary(uniqueKeysWithValues: subjects.map { ($0.geometry, Set($0.passes)) }) == passes)
    #expect(subjects[0].passes == [.forward, .backwardWeights], "the images get no gradient")
  }

  @Test func `the same convolution of two models is one subject`() throws {
    let plan = try StepBenchmark(microBatch: 2).blueprint(network("resnet20")).plan
    let one = ConvolutionSubject.all(in: plan, of: "a")
    let both = ConvolutionSubject.merged([one, ConvolutionSubject.all(in: plan, of: "b")])
    #expect(both.map(\.geometry) == one.map(\.geometry))
    #expect(both.map(\.passes) == one.map(\.passes))
    #expect(both.allSatisfy { $0.layers.filter { $0.hasPrefix("b ") }.count == $0.layers.count / 2 })
  }

  /// Shapes for which all kinds of algorithms apply.
  static let geometries = [
    ConvolutionGeometry(
      window: Window(input: Extent(9), kernel: Extent(3), padding: Padding(Extent(1))), inputChannels: 16,
      outputChannels: 32),
    ConvolutionGeometry(
      window: Window(input: Extent(7), kernel: Extent(3), stride: Extent(2), padding: Padding(Extent(1))),
      inputChannels: 6, outputChannels: 6, groups: 6),
    ConvolutionGeometry(window: Window(input: Extent(5), kernel: Extent(1)), inputChannels: 12, outputChannels: 20),
    ConvolutionGeometry(
      window: Window(input: Extent(8), kernel: Extent(1), stride: Extent(2)), inputChannels: 5, outputChannels: 3),
    ConvolutionGeometry(
      window: Window(input: Extent(height: 6, width: 11), kernel: Extent(height: 5, width: 2), dilation: Extent(1)),
      inputChannels: 4, outputChannels: 7),
  ]

  /// The bound is that of Winograd's algorithm on few channels.
  @Test(arguments: geometries, ConvolutionPass.allCases)
  func `every candidate computes the pass`(geometry: ConvolutionGeometry, pass: ConvolutionPass) throws {
    var trial = try ConvolutionTrial(pass, geometry, batch: 2)
    let exact = trial.exact()
    for algorithm in ConvolutionCandidates.algorithms(pass, geometry, batch: 2) {
      let error = OperatorErrors.distance(try trial.computed(algorithm), exact)
      #expect(error < 3e-6, "\(algorithm.name): \(error)")
    }
  }

  /// The parts add up, and each is what its word says.
  @Test(arguments: [1, 2, 4])
  func `the memory of a rank is the sum of its parts`(lanes: Int) throws {
    var options = PlanOptions(microBatch: 4, microBatches: 4)
    let plan = try Planner.plan(network("resnet20"), options: options)
    let memory = RankMemory(plan: plan, lanes: lanes)
    #expect(
      memory.total == memory.arenas + memory.parameters + memory.gradients + memory.optimizer + memory.inputs)
    #expect(memory.arenas == 4 * lanes * max(plan.training.arenaCount, plan.evaluation.arenaCount))
    #expect(memory.parameters == 4 * plan.layout.count && memory.optimizer == memory.parameters)
    #expect(memory.gradients >= lanes * memory.parameters && memory.gradients % memory.parameters == 0)
    options.microBatch = 8
    let larger = RankMemory(plan: try Planner.plan(network("resnet20"), options: options), lanes: lanes)
    #expect(larger.inputs == 2 * memory.inputs && larger.arenas > memory.arenas)
    #expect(larger.gradients == memory.gradients)
  }
}
