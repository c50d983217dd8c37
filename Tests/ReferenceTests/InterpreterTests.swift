import Foundation
import Network
import Operators
import Planner
import Reference
import TestSupport
import Testing

/// The loss, the statistics and what depends on how samples are cut into micro-batches.
struct InterpreterTests {
  /// A model whose logits are its input: a dense layer that holds the identity.
  private func logitsModel(_ classes: Int, batch: Int, smoothing: Double) throws -> (StepPlan, [Double]) {
    var layer = DenseLayer(classes)
    layer.bias = false
    let network = NetworkDescription(
      name: "m", input: Shape(features: classes), layers: [.layer(.dense(layer), name: "fc")])
    var options = PlanOptions(microBatch: batch, microBatches: 1)
    var loss = CrossEntropyLoss()
    loss.labelSmoothing = smoothing
    options.loss = .crossEntropy(loss)
    options.imageGradient = true
    let plan = try Planner.plan(network, options: options)
    var parameters = [Double](repeating: 0, count: plan.layout.count)
    for index in 0..<classes { parameters[plan.layout.parameters[0].range.lowerBound + index * (classes + 1)] = 1 }
    return (plan, parameters)
  }

  @Test(arguments: [0, 0.25, 0.875])
  func `the loss with label smoothing is the sum over targets`(smoothing: Double) throws {
    let (plan, parameters) = try logitsModel(3, batch: 2, smoothing: smoothing)
    let p: [[Double]] = [[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]
    let batch = ReferenceBatch(
      images: p.flatMap { $0.map { log($0) + 5 } }, labels: [0, 1], samples: [0, 1], valid: 2)
    let result = ReferenceInterpreter(plan: plan).train(batch, parameters: parameters, seed: 0, step: 0, globalBatch: 8)
    let targets: [[Double]] = batch.labels.map { label in
      (0..<3).map { (1 - smoothing) * ($0 == label ? 1 : 0) + smoothing / 3 }
    }
    let expected = -zip(p, targets).reduce(0.0) { $0 + dot($1.1, $1.0.map { log($0) }) }
    #expect(abs(result.loss - expected) < 1e-14)
    #expect(result.correct == 1)
    #expect(result.logits == batch.images)
    let gradient: [Double] = zip(p, targets).flatMap { p, t in zip(p, t).map { ($0 - $1) / 8 } }
    #expect(zip(result.imageGradient ?? [], gradient).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(result.imageGradient?.count == gradient.count)
  }

  @Test
  func `samples behind the valid ones add nothing`() throws {
    let (plan, parameters) = try logitsModel(3, batch: 3, smoothing: 0)
    let interpreter = ReferenceInterpreter(plan: plan)
    let images: [Double] = [1, 2, 3, 4, 5, 3, 9, 9, 1]
    func run(_ valid: Int, _ images: [Double]) -> ReferenceResult {
      interpreter.train(
        ReferenceBatch(images: images, labels: [2, 1, 0], samples: [0, 1, 2], valid: valid), parameters: parameters,
        seed: 0, step: 0, globalBatch: 3)
    }
    let short = run(2, images)
    #expect(short.correct == 2)
    #expect(short.gradients == run(2, images.dropLast(3) + [5, 5, 5]).gradients)
    #expect(short.loss < run(3, images).loss)
    #expect(short.imageGradient?.suffix(3) == [0, 0, 0])
  }

  @Test
  func `the statistics part holds mean and unbiased variance, and evaluation uses the running ones`() throws {
    let network = NetworkDescription(
      name: "m", input: Shape(channels: 2, height: 1, width: 2),
      layers: [
        .layer(.batchNormalization(BatchNormalizationLayer()), name: "norm"), .layer(.flatten(FlattenLayer())),
        .layer(.dense(DenseLayer(2)), name: "fc"),
      ])
    let plan = try Planner.plan(network, options: PlanOptions(microBatch: 2, microBatches: 1))
    var parameters = InitialParameters.values(plan.layout, seed: 1).map { Double($0) }
    let batch = ReferenceBatch(images: [1, 10, 2, 20, 3, 30, 6, 60], labels: [0, 1], samples: [0, 1], valid: 2)
    let interpreter = ReferenceInterpreter(plan: plan)
    let result = interpreter.train(batch, parameters: parameters, seed: 0, step: 0, globalBatch: 2)
    let statistics = plan.layout.statistics[0]
    #expect(Array(result.gradients[statistics.mean]) == [3, 30])
    #expect(zip(result.gradients[statistics.variance], [14.0 / 3, 1_400.0 / 3]).allSatisfy { abs($0 - $1) < 1e-12 })
    parameters.replaceSubrange(statistics.mean, with: [1, 2])
    parameters.replaceSubrange(statistics.variance, with: [4, 9])
    let evaluated = interpreter.evaluate(batch, parameters: parameters)
    let norm = try #require(plan.evaluation.instructions.first { $0.path == "norm" })
    let expected = batch.images.enumerated().map { index, x in
      index % 2 == 0
        ? (x - 1) / (4 + Double(Float(1e-5))).squareRoot() : (x - 2) / (9 + Double(Float(1e-5))).squareRoot()
    }
    let y = evaluated.slots[norm.writes[0].index]
    #expect(zip(y, expected).allSatisfy { abs($0 - $1) < 1e-13 })
    #expect(evaluated.gradients.isEmpty)
  }

  @Test(arguments: UInt64(0)..<20)
  func `two halves of a batch add up to the whole where no layer looks across samples`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    guard try network.layerTable().allSatisfy({ !$0.keepsStatistics }) else { return }
    let whole = try Planner.plan(network, options: PlanOptions(microBatch: 4, microBatches: 1))
    let half = try Planner.plan(network, options: PlanOptions(microBatch: 2, microBatches: 2))
    let comparesSamples = whole.training.instructions.contains { instruction in
      if case .loss(let term) = instruction.operation { term.loss.comparesSamples } else { false }
    }
    guard !comparesSamples else { return }
    let parameters = InitialParameters.values(whole.layout, seed: seed).map { Double($0) }
    let padded = InitialParameters.values(half.layout, seed: seed).map { Double($0) }
    let images = (0..<4 * network.input.count).map { sin(Double($0 + 1)) }
    func result(_ plan: StepPlan, _ range: Range<Int>, _ parameters: [Double]) -> ReferenceResult {
      let pixels = range.lowerBound * network.input.count..<range.upperBound * network.input.count
      let batch = ReferenceBatch(
        images: Array(images[pixels]), labels: range.map { $0 % 2 }, samples: range.map { UInt64($0 + 50) },
        valid: range.count)
      return ReferenceInterpreter(plan: plan).train(batch, parameters: parameters, seed: 5, step: 2, globalBatch: 4)
    }
    let sum = result(whole, 0..<4, parameters)
    let (a, b) = (result(half, 0..<2, padded), result(half, 2..<4, padded))
    #expect(abs(sum.loss - a.loss - b.loss) < 1e-12)
    #expect(sum.logits == a.logits + b.logits)
    for place in 0..<whole.layout.parameterEnd {
      #expect(abs(sum.gradients[place] - a.gradients[place] - b.gradients[place]) < 1e-12)
    }
  }

  @Test
  func `sharing memory in the plan changes nothing`() throws {
    let network = RandomModel.network(seed: 12)
    var options = PlanOptions(microBatch: 2, microBatches: 1)
    let shared = try Planner.plan(network, options: options)
    options.reusesMemory = false
    options.bucketElements = 256
    let plain = try Planner.plan(network, options: options)
    let parameters = InitialParameters.values(shared.layout, seed: 1).map { Double($0) }
    let batch = ReferenceBatch(
      images: (0..<2 * network.input.count).map { cos(Double($0)) }, labels: [0, 1], samples: [4, 5], valid: 2)
    let results = [shared, plain].map {
      ReferenceInterpreter(plan: $0).train(batch, parameters: parameters, seed: 1, step: 1, globalBatch: 2)
    }
    #expect(results[0].gradients == results[1].gradients && results[0].slots == results[1].slots)
  }
}
