import Engine
import Network
import Operators
import Planner
import Reference
import TestSupport
import Testing

/// The engine against the double-precision interpreter of the same program.
///
/// Errors are norm-wise: |got - want| / |want| with Euclidean norms over a tensor. Single precision rounds to 6e-8 per
/// operation; sums of up to some thousand terms, through up to twenty layers forward, come to about 1e-6, and the way
/// back through as many layers, with the cancellations of batch normalization, to about 1e-5. The tolerances leave a
/// factor of ten; a wrong term or factor gives 1e-2 and more.
@Suite struct ReferenceComparison {
  static let forwardTolerance = 1e-5
  static let gradientTolerance = 1e-4

  @Test(.timeLimit(.minutes(6)), arguments: [("mlp", 5), ("lenet5", 4), ("resnet20", 2), ("vgg11-cifar", 2)])
  func `zoo model agrees`(name: String, batch: Int) throws {
    let model = try #require(Zoo.model(name))
    try compare(model.network, batch: batch, seed: 1, smallest: 0.01)
  }

  @Test(.timeLimit(.minutes(6)), arguments: UInt64(0)..<60)
  func `random model agrees`(seed: UInt64) throws {
    try compare(RandomModel.network(seed: seed), batch: 4, seed: seed, smallest: 0.01)
  }

  /// Many more models, but with the tolerance relative to the gradient of all parameters: some of these end in a batch
  /// normalization of two or three numbers, which passes on next to nothing, so that their gradients are made of
  /// rounding errors.
  @Test(.timeLimit(.minutes(6)), arguments: UInt64(60)..<300)
  func `random model agrees as a whole`(seed: UInt64) throws {
    try compare(RandomModel.network(seed: seed), batch: 4, seed: seed, smallest: 1)
  }

  /// Both gradients that meet at the input of such a block are the same tensor, or made of it: what is multiplied is
  /// what the product is added to.
  @Test(.timeLimit(.minutes(4)), arguments: [1, 2])
  func `residual block of one layer agrees`(dilation: Int) throws {
    let kernel = dilation == 1 ? 1 : 3
    var layer = ConvolutionLayer(32, kernel: kernel, padding: kernel / 2 * dilation)
    layer.dilation = Extent(dilation)
    let network = NetworkDescription(
      name: "block", input: Shape(channels: 3, height: 8, width: 8),
      layers: [
        .layer(.convolution(ConvolutionLayer(32, kernel: 3, padding: 1)), name: "stem"),
        .branches(.add, [.layer(.convolution(layer)), .layer(.identity(IdentityLayer()))]),
        .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(10)), name: "fc"),
      ])
    let plan = try Subject(network, batch: 4).plan.training
    #expect(plan.instructions.contains { $0.reads.count == 2 && $0.reads[0] == $0.reads[1] })
    try compare(network, batch: 4, seed: 1, smallest: 0.01)
  }

  /// Each kind of loss, many times, on the random model's logits.
  @Test(.timeLimit(.minutes(6)), arguments: UInt64(0)..<60)
  func `random loss agrees`(seed: UInt64) throws {
    let network = RandomModel.network(seed: 1000 + seed)
    let loss = RandomModel.loss(for: try network.output(), seed: seed)
    try compare(network, batch: 5, seed: seed, smallest: 0.1) { $0.loss = loss }
  }

  /// Whatever is frozen, running statistics too, and what the interpreter does with it.
  @Test(.timeLimit(.minutes(6)), arguments: UInt64(0)..<120)
  func `random model with frozen parts agrees`(seed: UInt64) throws {
    let network = RandomModel.network(seed: 2000 + seed)
    let layout = try Subject(network, batch: 4).plan.layout
    try compare(network, batch: 4, seed: seed, smallest: 0.1) {
      $0.freeze(partOf: layout, seed: seed, statistics: true)
      $0.imageGradient = seed % 3 > 0
    }
  }

  /// Compares both programs.
  ///
  /// - Parameter smallest: a gradient smaller than this part of the whole gradient is measured against that part. The
  ///   gradient of a bias in front of a batch normalization, say, is zero but for rounding.
  private func compare(
    _ network: NetworkDescription, batch: Int, seed: UInt64, smallest: Double,
    adjust: (inout PlanOptions) -> Void = { _ in }
  ) throws {
    let (subject, want) = try clearOfKinks { try Subject(network, batch: batch, seed: seed, draw: $0, adjust: adjust) }
    let got = try subject.train()
    let layout = subject.plan.layout
    expectForward(got, want, samples: batch)
    expectForward(try subject.evaluate(), subject.interpretedEvaluation(), samples: batch)
    for statistics in layout.updatedStatistics {
      for range in [statistics.mean, statistics.variance] {
        let error = distance(got.gradient[range], want.gradients[range])
        #expect(error <= Self.forwardTolerance, "statistics of \(statistics.path)")
      }
    }
    let floor = smallest * norm(want.gradients[0..<layout.parameterEnd])
    for parameter in layout.trainedParameters {
      let error = distance(got.gradient[parameter.range], want.gradients[parameter.range], floor: floor)
      #expect(error <= Self.gradientTolerance, "\(parameter.name) of \(network.fileText)")
    }
    guard subject.plan.training.imageGradient != nil else { return }
    let imageError = distance(got.imageGradient, want.imageGradient ?? [], floor: floor)
    #expect(imageError <= Self.gradientTolerance, "images of \(network.fileText)")
  }

  private func expectForward(_ got: Outcome, _ want: ReferenceResult, samples: Int) {
    #expect(got.score.samples == samples)
    #expect(got.score.correct == want.correct)
    #expect(abs(got.score.loss - want.loss) <= Self.forwardTolerance * max(1, want.loss))
    #expect(distance(got.logits, want.logits) <= Self.forwardTolerance)
  }

  /// The first micro-batch that stays away from kinks, and what the interpreter makes of it.
  private func clearOfKinks(_ make: (UInt64) throws -> Subject) throws -> (Subject, ReferenceResult) {
    for draw in UInt64(1)...20 {
      let subject = try make(draw)
      let unfused = try subject.unfused()
      let distance = Kinks(unfused.interpretedTraining(), unfused.plan.training).distance
      if distance > 1e-6 { return (subject, subject.interpretedTraining()) }
    }
    throw NetworkError("twenty micro-batches all touch a kink")
  }

  private func norm(_ x: some Sequence<Double>) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private func distance(
    _ got: some Collection<Float>, _ want: some Collection<Double>, floor: Double = 0
  ) -> Double {
    guard got.count == want.count else { return .infinity }
    return norm(zip(got, want).map { Double($0) - $1 }) / max(norm(want), floor, 1e-30)
  }
}
