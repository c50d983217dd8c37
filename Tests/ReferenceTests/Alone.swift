import Network
import Operators
import Planner
import Randomness
import Reference
import Testing

/// A few layers run alone: the loss stands right behind them.
struct Alone {
  let plan: StepPlan
  /// The flat parameter buffer; initial values unless others are set.
  var parameters: [Double]

  /// Layers on images of the given shape. The loss is the mean squared error to dense targets if none is given; all is
  /// trained but what is frozen.
  init(
    _ nodes: [Module], input: Shape, batch: Int = 1,
    loss: Loss = .meanSquaredError(MeanSquaredErrorLoss(targets: .values)), frozen: Set<String> = [],
    frozenStatistics: Set<String> = []
  ) throws {
    var options = PlanOptions(microBatch: batch, microBatches: 1)
    options.loss = loss
    options.imageGradient = true
    (options.frozen, options.frozenStatistics) = (frozen, frozenStatistics)
    plan = try Planner.plan(NetworkDescription(name: "m", input: input, layers: nodes), options: options)
    parameters = InitialParameters.values(plan.layout, seed: 3).map { Double($0) }
  }

  /// One layer, called "layer".
  init(_ layer: Layer, input: Shape, batch: Int = 1) throws {
    try self.init([.layer(layer, name: "layer")], input: input, batch: batch)
  }

  /// Sets a parameter, its numbers in memory order.
  mutating func set(_ name: String, _ values: [Double]) throws {
    let parameter = try #require(plan.layout.parameters.first { $0.name == name })
    parameters.replaceSubrange(parameter.range, with: values)
  }

  /// Sets the running statistics of the only layer that has some.
  mutating func setStatistics(mean: [Double], variance: [Double]) {
    parameters.replaceSubrange(plan.layout.statistics[0].mean, with: mean)
    parameters.replaceSubrange(plan.layout.statistics[0].variance, with: variance)
  }

  /// The values of a parameter's gradient.
  func gradient(_ name: String, in result: ReferenceResult) throws -> [Double] {
    let parameter = try #require(plan.layout.parameters.first { $0.name == name })
    return Array(result.gradients[parameter.range])
  }

  /// A training step; labels and targets are zeros if none are given.
  func train(
    _ images: [Double], labels: [Int]? = nil, targets: [[Double]]? = nil, valid: Int? = nil, globalBatch: Int? = nil,
    samples: [UInt64]? = nil, seed: UInt64 = 0
  ) -> ReferenceResult {
    let batch = batch(images, labels, targets, valid, samples)
    return ReferenceInterpreter(plan: plan).train(
      batch, parameters: parameters, seed: seed, step: 3, globalBatch: globalBatch ?? batch.samples.count)
  }

  /// An evaluation.
  func evaluate(_ images: [Double], labels: [Int]? = nil, targets: [[Double]]? = nil) -> ReferenceResult {
    ReferenceInterpreter(plan: plan).evaluate(batch(images, labels, targets, nil, nil), parameters: parameters)
  }

  /// The gradient of ⟨output, direction⟩ with respect to the images and all parameters: targets are chosen so that the
  /// squared error has just this gradient at the output.
  func backward(_ images: [Double], direction: [Double]) -> ReferenceResult {
    let y = train(images).logits
    let scale = Double(plan.training.batch * plan.training.output.count) / 2
    return train(images, targets: [zip(y, direction).map { $0 - scale * $1 }])
  }

  private func batch(
    _ images: [Double], _ labels: [Int]?, _ targets: [[Double]]?, _ valid: Int?, _ samples: [UInt64]?
  ) -> ReferenceBatch {
    let program = plan.training
    return ReferenceBatch(
      images: images,
      labels: labels ?? [Int](repeating: 0, count: program.batch * (program.labels?.count ?? 1)),
      samples: samples ?? (0..<UInt64(program.batch)).map { $0 }, valid: valid ?? program.batch,
      targets: targets ?? program.targets.map { [Double](repeating: 0, count: program.batch * $0.shape.count) })
  }
}

/// The output of one layer on one image (NHWC); weights are in memory order.
func output(_ layer: Layer, input: Shape, image: [Double], weights: [[Double]] = []) throws -> [Double] {
  var alone = try Alone(layer, input: input, batch: image.count / input.count)
  for (values, name) in zip(weights, ["layer.weight", "layer.bias"]) { try alone.set(name, values) }
  return alone.train(image).logits
}

/// A layer or loss whose settings are filled in by `fill`.
func made<Record>(_ record: Record, _ fill: (inout Record) -> Void) -> Record {
  var record = record
  fill(&record)
  return record
}

/// Standard normal numbers, a pure function of seed and name.
func normals(_ count: Int, seed: UInt64, _ name: String = "numbers") -> [Double] {
  var stream = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of(name))
  return (0..<count).map { _ in stream.normal() }
}

func dot(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count)
  return zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}

/// Whether two lists hold the same numbers up to rounding.
func agree(_ a: [Double], _ b: [Double], within tolerance: Double = 1e-12) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($0), abs($1)) }
}
