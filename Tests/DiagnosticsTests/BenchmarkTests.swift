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

  /// Lanes have micro-batches of their own; the sum over them is that of one executor that computes them in turn.
  @Test(.timeLimit(.minutes(4)), arguments: [1, 2, 3])
  func `lanes compute the sum of their micro-batches' gradients`(lanes: Int) throws {
    let plan = try StepBenchmark.plan(network("lenet5"), microBatch: 4, lanes: lanes)
    let team = try StepTeam(plan: plan, lanes: lanes)
    defer { team.end() }
    var executor = try Executor(plan: plan)
    let parameters = InitialParameters.values(plan.layout, seed: 1)
    var observer = NoObserver()
    var want = [Float](repeating: 0, count: plan.layout.count)
    for lane in 0..<lanes {
      var gradient = want.map { _ in Float(0) }
      _ = executor.train(
        SampleBatch(randomFor: plan.training, seed: UInt64(lane) + 1), parameters: parameters, gradient: &gradient,
        context: StepContext(seed: 1, step: 0, globalBatch: 4 * lanes), observer: &observer)
      for place in want.indices { want[place] += gradient[place] }
    }
    #expect(team.gradientSum(step: 0).map(\.bitPattern) == want.map(\.bitPattern))
    #expect(
      team.gradientSum(step: 0).map(\.bitPattern) == want.map(\.bitPattern), "without an update nothing changes")
  }

  @Test(arguments: ["lenet5", "resnet20", "mobilenet-cifar"])
  func `every convolution of a model is a subject, in the passes that training needs`(name: String) throws {
    let plan = try StepBenchmark.plan(network(name), microBatch: 2, lanes: 1)
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
    let plan = try StepBenchmark.plan(network("resnet20"), microBatch: 2, lanes: 1)
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
