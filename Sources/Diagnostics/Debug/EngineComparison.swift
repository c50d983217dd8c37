import Engine
package import Network
package import Operators
import Planner
import Randomness
package import Reference
import Training

/// The single-precision engine beside the double-precision interpreter, on the same weights, images, labels and dropout
/// masks: the training program of a micro-batch with its gradients, and the evaluation program.
///
/// Both get numbers that single precision holds exactly, so what differs is the engine's rounding alone. The programs
/// are those of training, once for each choice of Winograd's algorithm, since the planner takes other kernels for each.
package struct EngineComparison {
  /// What errors should stay below: single precision rounds to 6e-8 per operation; sums of some thousand terms through
  /// twenty layers come to about 1e-6, and the way back, with the cancellations of normalizations, to about 1e-5. A
  /// wrong term or factor gives 1e-2 and more.
  package static let tolerance = OperatorReport.tolerance
  /// A gradient smaller than this part of the whole gradient is measured against that part: that of a bias in front of
  /// a batch normalization, say, is zero but for rounding.
  private static let smallest = 0.01

  /// The error of one tensor.
  package struct Row: Hashable, Sendable {
    /// The parameter's full name, "images" for their gradient, "output", "loss", or what else is compared.
    package let name: String
    /// |got − want| / |want| with Euclidean norms: the largest over the choices of Winograd's algorithm.
    package var error: Double
    /// What the error should stay below.
    package var tolerance: Double
    /// The choice of Winograd's algorithm with the largest error.
    package var winograd: WinogradChoice

    /// Whether the error is below the tolerance.
    package var isSound: Bool { error <= tolerance }
  }

  private let network: NetworkDescription
  private let options: PlanOptions
  private let plan: StepPlan
  private let seed: UInt64
  private let samples: SampleBatch
  private let parameters: [Float]

  /// A comparison at the point of a gradient check.
  ///
  /// - Throws: `NetworkError` if a layer or a loss does not fit its input, `RunError` if the interpreter cannot have
  ///   the memory that it takes.
  package init(
    _ check: GradientCheck, network: NetworkDescription, loss: Loss, batch: Int, seed: UInt64
  ) throws {
    var options = PlanOptions(microBatch: batch, microBatches: 1)
    options.loss = loss
    options.imageGradient = true
    self.options = options
    self.network = network
    self.seed = seed
    plan = try Planner.plan(network, options: options)
    try MemoryLimits.current.check(
      Self.byteCount(plan), for: "the double-precision interpreter", remedy: "--batch")
    samples = SampleBatch(check.microBatch())
    parameters = Self.singlePrecision(check.parameters(), layout: plan.layout, seed: seed)
  }

  /// The parameters as the engine takes them, with running statistics that are neither zero nor one.
  private static func singlePrecision(_ values: [Double], layout: FlatLayout, seed: UInt64) -> [Float] {
    var parameters = values.map(Float.init)
    var random = RandomStream(seed: seed, purpose: .gradientCheck, subject: StableHash.of("running statistics"))
    for statistics in layout.statistics {
      for place in statistics.mean { parameters[place] = Float(0.5 * random.normal()) }
      for place in statistics.variance { parameters[place] = 0.5 + 2 * random.uniform() }
    }
    return parameters
  }

  /// The parameters whose gradients are compared.
  package var parameterNames: [String] { plan.layout.parameters.map(\.name) }

  /// The bytes that the interpreter takes at most, here and in the gradient check: four runs at once, each with memory
  /// for every slot, the parameters and their gradients.
  private static func byteCount(_ plan: StepPlan) -> Int {
    4 * 8 * (plan.training.slots.reduce(0) { $0 + $1.count } + 2 * plan.layout.count)
  }

  /// Compares everything, in the order of the program: output and loss first, then the gradients.
  ///
  /// - Throws: an error if memory is short.
  package func rows() throws -> [Row] {
    let exact = Exact(self, images: samples.images.map(Double.init), parameters: parameters.map(Double.init))
    var rows: [Row] = []
    for winograd in WinogradChoice.allCases {
      let found = try errors(of: computed(winograd), exact).map { name, error, tolerance in
        Row(name: name, error: error, tolerance: tolerance, winograd: winograd)
      }
      rows = rows.isEmpty ? found : zip(rows, found).map { $1.error > $0.error ? $1 : $0 }
    }
    return rows.allSatisfy(\.isSound) ? rows : relaxed(rows, exact)
  }

  /// The first instruction of the usual training program whose result is far from the interpreter's; nil if none is.
  package func firstDifference() throws -> String? {
    let exact = Exact(self, images: samples.images.map(Double.init), parameters: parameters.map(Double.init))
    var executor = try Executor(plan: plan)
    var gradient = [Float](repeating: 0, count: plan.layout.exchangedCount)
    var observer = FirstWrongResult(slots: exact.training.slots)
    _ = executor.train(
      samples, parameters: parameters, gradient: &gradient, context: context, observer: &observer)
    return observer.found
  }

  private var context: StepContext { StepContext(seed: seed, step: 0, globalBatch: samples.valid) }
}

extension EngineComparison {
  /// What the interpreter finds.
  fileprivate struct Exact {
    let training: ReferenceResult
    let evaluation: ReferenceResult

    init(
      _ comparison: EngineComparison, images: [Double], parameters: [Double], disturbance: Disturbance? = nil
    ) {
      let interpreter = ReferenceInterpreter(plan: comparison.plan)
      var batch = ReferenceBatch(comparison.samples)
      batch.images = images
      training = interpreter.train(
        batch, parameters: parameters, seed: comparison.seed, step: 0, globalBatch: batch.valid,
        disturbance: disturbance)
      evaluation = interpreter.evaluate(batch, parameters: parameters, disturbance: disturbance)
    }
  }

  /// What the engine, or somebody else, finds.
  fileprivate struct Computed {
    var loss: Double
    var logits: [Float]
    var gradient: [Float]
    var imageGradient: [Float]
    var evaluation: [Float]
  }

  /// The engine's results; what it reads without having written it shows as NaN.
  private func computed(_ winograd: WinogradChoice) throws -> Computed {
    var options = options
    options.winograd = winograd
    let plan = try Planner.plan(network, options: options)
    var executor = try Executor(plan: plan)
    executor.poisonArena()
    var gradient = [Float](repeating: .nan, count: plan.layout.exchangedCount)
    var observer = NoObserver()
    let score = executor.train(
      samples, parameters: parameters, gradient: &gradient, context: context, observer: &observer)
    let (logits, images) = (executor.numbers(plan.training.logits), plan.training.imageGradient)
    let imageGradient = images.map { executor.numbers($0) } ?? []
    _ = executor.evaluate(samples, parameters: parameters)
    return Computed(
      loss: score.loss, logits: logits, gradient: gradient, imageGradient: imageGradient,
      evaluation: executor.numbers(plan.evaluation.logits))
  }

  private func errors(
    of got: Computed, _ want: Exact
  ) -> [(name: String, error: Double, tolerance: Double)] {
    let (layout, exact) = (plan.layout, want.training)
    let gradients = exact.gradients
    let floor = Self.smallest * norm(gradients[0..<layout.parameterEnd])
    var errors = [
      ("output", OperatorErrors.distance(got.logits, exact.logits)),
      ("output in evaluation", OperatorErrors.distance(got.evaluation, want.evaluation.logits)),
      ("loss", lossError(got.loss, exact.loss)),
    ].map { ($0, $1, Self.tolerance.forward) }
    errors += layout.statistics.flatMap { statistics in
      [("mean", statistics.mean), ("variance", statistics.variance)].map { name, range in
        let error = OperatorErrors.distance(Array(got.gradient[range]), gradients[range], floor: 1e-3)
        return ("\(name) of \(statistics.path)", error, Self.tolerance.forward)
      }
    }
    errors.append(
      (
        "images", OperatorErrors.distance(got.imageGradient, exact.imageGradient ?? [], floor: floor),
        Self.tolerance.gradient
      ))
    return errors
      + layout.parameters.reversed().map { parameter in
        let own = Array(got.gradient[parameter.range])
        let error = OperatorErrors.distance(own, gradients[parameter.range], floor: floor)
        return (parameter.name, error, Self.tolerance.gradient)
      }
  }

  private func lossError(_ got: Double, _ want: Double) -> Double {
    let error = abs(got - want) / max(Double(samples.valid), want)
    return error.isNaN ? .infinity : error
  }

  private func norm(_ numbers: some Sequence<Double>) -> Double {
    numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}

/// Where rounding alone changes a lot.
extension EngineComparison {
  /// The relative size of what single precision does to a tensor: sums of some hundred terms, and Winograd's F(4×4,
  /// 3×3) with twice their rounding.
  private static let rounding = 2e-6
  private static let trials = 3
  /// How much more than in the trials rounding may do.
  private static let margin = 10.0

  /// The same errors with tolerances that know how much rounding alone does here: a ReLU or a max-pool within a
  /// rounding error of its kink takes the other side, a normalization of two numbers that lie close together passes on
  /// little but rounding, and the gradient of a bias in front of a normalization is nothing else. So the interpreter is
  /// asked what it makes of images, weights and results with such errors on them, which no broken kernel can influence.
  private func relaxed(_ rows: [Row], _ exact: Exact) -> [Row] {
    var relaxed = rows
    for trial in 0..<Self.trials {
      let random = RandomStream(seed: seed, purpose: .gradientCheck, subject: StableHash.of("rounding \(trial)"))
      var disturbance = Disturbance(size: Self.rounding, random: random)
      let images = disturbance.moved(samples.images.map(Double.init))
      let parameters = disturbance.moved(parameters.map(Double.init))
      let other = Exact(self, images: images, parameters: parameters, disturbance: disturbance)
      let changes = errors(of: Computed(other), exact)
      for (place, change) in changes.enumerated() where change.error.isFinite {
        relaxed[place].tolerance = max(relaxed[place].tolerance, Self.margin * change.error)
      }
    }
    return relaxed
  }
}

extension EngineComparison.Computed {
  /// What the interpreter found, as if the engine had.
  fileprivate init(_ exact: EngineComparison.Exact) {
    self.init(
      loss: exact.training.loss, logits: exact.training.logits.map(Float.init),
      gradient: exact.training.gradients.map(Float.init),
      imageGradient: (exact.training.imageGradient ?? []).map(Float.init),
      evaluation: exact.evaluation.logits.map(Float.init))
  }
}

/// Looks for the first instruction whose result is far from the interpreter's.
private struct FirstWrongResult: ProgramObserver {
  /// Far more than rounding does, and less than a wrong term or factor.
  private static let tolerance = 1e-3

  let slots: [[Double]]
  var found: String?

  mutating func after(_ index: Int, in execution: borrowing Execution) {
    let instruction = execution.program.instructions[index]
    guard found == nil, let slot = instruction.writes.first, !slots[slot.index].isEmpty else { return }
    guard OperatorErrors.distance(execution.numbers(slot), slots[slot.index]) > Self.tolerance else { return }
    let place = instruction.path.isEmpty ? "" : " of '\(instruction.path)'"
    found = "the \(instruction.operation.kind)\(place)"
  }

  mutating func bucketComplete(_ bucket: Int) {}
}

extension SampleBatch {
  /// The samples as the engine takes them.
  fileprivate init(_ batch: ReferenceBatch) {
    self.init(
      images: batch.images.map(Float.init), labels: batch.labels.map { Int32(clamping: $0) },
      targets: batch.targets.map { $0.map(Float.init) }, ids: batch.samples)
    valid = batch.valid
  }
}
