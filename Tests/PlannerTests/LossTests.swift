import Network
import Operators
import Planner
import TestSupport
import Testing

/// The losses at the end of the forward pass: which targets they read, and whether they fit.
struct LossTests {
  private let image = Shape(channels: 3, height: 6, width: 5)

  /// A network that ends in an image of four channels, with the given nodes in front of the last layer.
  private func imageNetwork(_ nodes: [Module] = []) -> NetworkDescription {
    NetworkDescription(
      name: "m", input: image,
      layers: nodes + [.layer(.convolution(ConvolutionLayer(4, kernel: 3, padding: 1)), name: "last")])
  }

  /// A network that ends in a vector of four numbers.
  private func vectorNetwork(_ nodes: [Module] = []) -> NetworkDescription {
    NetworkDescription(name: "m", input: image, layers: nodes + vector(4))
  }

  private func vector(_ features: Int) -> [Module] {
    [.layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(features)))]
  }

  private func head(_ name: String, _ layers: [Module], loss: Loss? = nil) -> Module {
    var head = Head()
    (head.weight, head.loss, head.layers) = (0.25, loss, layers)
    return Module(name: name, .head(head))
  }

  private func pixels(_ channels: Int) -> [Module] { [.layer(.convolution(ConvolutionLayer(channels, kernel: 1)))] }

  private func terms(_ program: Program) -> [LossTerm] {
    program.instructions.compactMap { if case .loss(let term) = $0.operation { term } else { nil } }
  }

  private func message(_ network: NetworkDescription, loss: Loss = .crossEntropy(CrossEntropyLoss())) throws -> String {
    do {
      _ = try plan(network, loss: loss)
      return "no error"
    } catch let error as NetworkError {
      return error.description
    }
  }

  @Test
  func `labels are for samples or for positions`() throws {
    let perSample = try plan(vectorNetwork())
    #expect(perSample.training.labels == Extent(1) && perSample.training.classes == 4)
    let perPixel = try plan(imageNetwork())
    #expect(
      perPixel.training.labels == Extent(height: 6, width: 5) && perPixel.evaluation.labels == perPixel.training.labels)
    #expect(perPixel.training.targets == [] && perPixel.training.output == Shape(channels: 4, height: 6, width: 5))
    let values = try plan(imageNetwork(), loss: .meanSquaredError(MeanSquaredErrorLoss(targets: .values)))
    #expect(values.training.labels == nil && values.training.classes == nil)
    let pairs = try plan(vectorNetwork(), loss: .triplet(TripletLoss()))
    #expect(pairs.training.labels == Extent(1) && pairs.training.classes == nil)
    let localization = try plan(vectorNetwork(), loss: .localization(LocalizationLoss()))
    #expect(localization.training.labels == Extent(1) && localization.training.targets.map(\.name) == ["targets"])
  }

  @Test
  func `values are listed in the order of the losses, those of heads only in training`() throws {
    let squares = Loss.meanSquaredError(MeanSquaredErrorLoss(targets: .values))
    let network = vectorNetwork([
      head("box", vector(6), loss: .localization(LocalizationLoss())), head("same", vector(4)),
      .sequential([head("deep", pixels(2), loss: squares)], name: "body"),
    ])
    let plan = try plan(network, loss: squares)
    let described = plan.training.targets.map { "\($0.name): \($0.shape)" }
    #expect(described == ["targets: 4", "targets.box: 6", "targets.same: 4", "targets.body.deep: 2×6×5"])
    #expect(plan.evaluation.targets == [plan.training.targets[0]])
    let terms = terms(plan.training)
    #expect(terms.map(\.targets) == [0, 1, 2, 3] && terms.map(\.isMain) == [true, false, false, false])
    #expect(terms.map(\.weight) == [1, 0.25, 0.25, 0.25])
    #expect(
      terms.map(\.loss.kind) == ["mean-squared-error", "localization", "mean-squared-error", "mean-squared-error"])
    #expect(plan.training.labels == Extent(1) && plan.evaluation.labels == nil)
    #expect(Verifier.violations(of: plan) == [])
  }

  @Test
  func `losses that read labels must agree on their positions`() throws {
    #expect(
      try message(vectorNetwork([head("aux", pixels(4))]))
        == "model m, head 'aux': cross-entropy over its shape 4×6×5 reads labels for 6×5 positions, but the loss "
        + "before it reads them for 1×1; all losses share one set of labels")
    #expect(try message(imageNetwork([head("aux", vector(4))])).contains("reads labels for 1×1 positions"))
    #expect(try message(imageNetwork([head("aux", pixels(4))])) == "no error")
    // Values and pairs are no labels of positions.
    let squares = Loss.meanSquaredError(MeanSquaredErrorLoss(targets: .values))
    #expect(try message(imageNetwork([head("aux", vector(4), loss: squares)])) == "no error")
    #expect(try message(vectorNetwork([head("aux", vector(9), loss: .cosine(CosineLoss()))])) == "no error")
    #expect(
      try message(imageNetwork([head("aux", vector(9), loss: .cosine(CosineLoss()))])).contains("for 1×1 positions"))
  }

  @Test
  func `losses that read labels must agree on the classes`() throws {
    #expect(
      try message(vectorNetwork([head("aux", vector(3))]))
        == "model m, head 'aux': cross-entropy over its shape 3 has 3 classes, but the loss before it has 4; all "
        + "losses share one set of labels")
    let squares = Loss.meanSquaredError(MeanSquaredErrorLoss())
    #expect(try message(vectorNetwork([head("aux", vector(3), loss: squares)])).contains("has 3 classes"))
    #expect(try message(vectorNetwork([head("aux", vector(3))]), loss: .triplet(TripletLoss())) == "no error")
  }

  @Test
  func `a loss that does not fit its output is named with it`() throws {
    #expect(
      try message(imageNetwork(), loss: .triplet(TripletLoss()))
        == "model m, its output: triplet compares vectors, and its input is 4×6×5; put 'flatten' before it")
    #expect(
      try message(imageNetwork(), loss: .localization(LocalizationLoss())).contains("localization needs a vector"))
    #expect(
      try message(vectorNetwork([head("aux", vector(1))]))
        == "model m, head 'aux': cross-entropy needs at least 2 classes, and its input is 1; end with 'dense'")
    var weighted = CrossEntropyLoss()
    weighted.classWeights = [1, 2, 3]
    #expect(
      try message(vectorNetwork(), loss: .crossEntropy(weighted))
        == "model m, its output: cross-entropy has 3 class-weights for the 4 classes of its input 4")
  }

  @Test
  func `the loss of a weight of zero and of a head in front of everything is planned`() throws {
    var head = Head()
    (head.weight, head.layers) = (0, vector(4))
    let network = vectorNetwork([Module(name: "first", .head(head))])
    for imageGradient in [false, true] {
      let plan = try plan(network, imageGradient: imageGradient)
      #expect(Verifier.violations(of: plan) == [])
      #expect((plan.training.imageGradient != nil) == imageGradient)
    }
  }
}
