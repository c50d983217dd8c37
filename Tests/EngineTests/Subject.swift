import Engine
import Kernels
import Network
import Operators
import Planner
import Randomness
import Reference

/// The kernels as a run has them: the CPU's best loops and one OpenBLAS thread.
let prepared: Bool = {
  do throws(KernelError) { try KernelSet.configure(.auto) } catch { return false }
  return true
}()

/// A planned model with parameters and one micro-batch, all of them functions of a seed.
struct Subject: Sendable {
  let network: NetworkDescription
  var plan: StepPlan
  var parameters: [Float]
  var images: [Float]
  var labels: [Int32]
  var targets: [[Float]]
  var samples: [UInt64]
  var valid: Int
  var context: StepContext

  /// - Parameters:
  ///   - batch: samples of the micro-batch.
  ///   - seed: of the parameters.
  ///   - draw: of the images and labels.
  ///   - adjust: changes the options of the plan.
  init(
    _ network: NetworkDescription, batch: Int, seed: UInt64 = 1, draw: UInt64 = 1,
    adjust: (inout PlanOptions) -> Void = { _ in }
  ) throws {
    precondition(prepared)
    self.network = network
    var options = PlanOptions(microBatch: batch, microBatches: 3, bucketElements: 1024)
    options.imageGradient = true
    adjust(&options)
    plan = try Planner.plan(network, options: options)
    parameters = Self.parameters(plan.layout, seed: seed)
    var random = RandomStream(seed: draw, purpose: .testing, subject: StableHash.of("micro-batch"))
    images = (0..<batch * network.input.count).map { _ in Float(random.normal()) }
    let classes = plan.training.classes ?? 3
    labels = (0..<batch * (plan.training.labels?.count ?? 1)).map { _ in Int32(random.integer(below: classes)) }
    targets = plan.training.targets.map { target in
      (0..<batch * target.shape.count).map { _ in Float(random.normal()) }
    }
    samples = (0..<batch).map { _ in UInt64(random.integer(below: 60_000)) }
    valid = batch
    context = StepContext(seed: 5, step: 17, globalBatch: options.globalBatch)
  }

  /// The initial values with noise, so that no scale is one and no shift or running mean is zero.
  private static func parameters(_ layout: FlatLayout, seed: UInt64) -> [Float] {
    var values = InitialParameters.values(layout, seed: seed)
    var random = RandomStream(seed: seed, purpose: .testing, subject: StableHash.of("noise"))
    for parameter in layout.parameters {
      guard case .constant = parameter.description.initial else { continue }
      for place in parameter.range { values[place] += Float(0.2 * random.normal()) }
    }
    for statistics in layout.statistics {
      for place in statistics.mean { values[place] = Float(0.5 * random.normal()) }
      for place in statistics.variance { values[place] = 0.5 + 2 * random.uniform() }
    }
    return values
  }

  /// The same micro-batch for the interpreter.
  var reference: ReferenceBatch {
    ReferenceBatch(
      images: images.map(Double.init), labels: labels.map(Int.init), samples: samples, valid: valid,
      targets: targets.map { $0.map(Double.init) })
  }

  /// What the interpreter finds in training.
  func interpretedTraining() -> ReferenceResult {
    ReferenceInterpreter(plan: plan).train(
      reference, parameters: parameters.map(Double.init), seed: context.seed, step: context.step,
      globalBatch: context.globalBatch)
  }

  /// The same with an instruction for each layer.
  func unfused() throws -> Subject {
    var subject = self
    var options = plan.options
    options.fuses = false
    subject.plan = try Planner.plan(network, options: options)
    return subject
  }

  /// What the interpreter finds in evaluation.
  func interpretedEvaluation() -> ReferenceResult {
    ReferenceInterpreter(plan: plan).evaluate(reference, parameters: parameters.map(Double.init))
  }
}

enum Small {
  /// A network with every kind of memory: statistics, scratch, masks, indices, branches of both kinds.
  static let mixed = NetworkDescription(
    name: "mixed", input: Shape(channels: 3, height: 9, width: 8), layers: residualPart + branchedPart + head)

  private static let residualPart: [Module] = [
    .layer(.convolution(ConvolutionLayer(8, kernel: 3, padding: 1))),
    .layer(.batchNormalization(BatchNormalizationLayer())), .layer(.activation(.relu)),
    .branches(
      .add,
      [
        .layer(.convolution(ConvolutionLayer(8, kernel: 3, padding: 1, bias: false))),
        .layer(.identity(IdentityLayer())),
      ]),
    .layer(.maxPooling(MaxPoolingLayer(2))), .layer(.dropout(DropoutLayer(0.5)), name: "drop1"),
  ]

  private static let branchedPart: [Module] = [
    .branches(
      .concat,
      [
        .layer(.convolution(ConvolutionLayer(4, kernel: 1)), name: "narrow"),
        .layer(.averagePooling(meanOfNeighbours)),
      ]),
    .layer(.activation(.gelu(.exact))), .layer(.flatten(FlattenLayer())),
  ]

  private static let head: [Module] = [
    .layer(.dense(DenseLayer(20))), .layer(.activation(.tanh)), .layer(.dropout(DropoutLayer(0.25)), name: "drop2"),
    .layer(.dense(DenseLayer(7))),
  ]

  private static var meanOfNeighbours: AveragePoolingLayer {
    var layer = AveragePoolingLayer()
    (layer.kernel, layer.stride, layer.padding) = (Extent(3), Extent(1), Extent(1))
    return layer
  }
}
