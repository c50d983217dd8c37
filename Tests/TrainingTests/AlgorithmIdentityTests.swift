import Network
import Operators
import Planner
import Testing
import Training

/// The first promise where every algorithm of a convolution takes part.
@Suite(.serialized) struct AlgorithmIdentityTests {
  /// Layers whose passes are computed by all algorithms, with strides that divide the image and one that does not.
  private static let network: NetworkDescription = {
    func convolution(
      _ name: String, _ channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1
    ) -> Module {
      var layer = ConvolutionLayer(channels, kernel: kernel, stride: stride, padding: kernel / 2)
      layer.groups = .count(groups)
      return .layer(.convolution(layer), name: name)
    }
    return NetworkDescription(
      name: "all", input: Shape(channels: 1, height: 28, width: 28),
      layers: [
        convolution("large", 16, kernel: 5), .layer(.batchNormalization(BatchNormalizationLayer()), name: "norm"),
        convolution("tiles", 32, kernel: 3), .layer(.activation(.relu)),
        convolution("strided", 48, kernel: 3, stride: 2), .layer(.dropout(DropoutLayer(0.2))),
        convolution("depthwise", 48, kernel: 3, groups: 48), convolution("pointwise", 48, kernel: 1),
        .layer(.activation(.relu)), convolution("grouped", 48, kernel: 3, groups: 4),
        convolution("odd", 32, kernel: 3, stride: 3), convolution("shortcut", 16, kernel: 1, stride: 2),
        .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(10)), name: "fc"),
      ])
  }()

  private static func blueprint(_ winograd: WinogradChoice) throws -> Blueprint {
    try LittleRun.blueprint(["numerics.winograd=\(winograd.rawValue)"], network: network)
  }

  @Test(.timeLimit(.minutes(4)), arguments: WinogradChoice.allCases)
  func `ranks and lanes change no bit of any algorithm`(winograd: WinogradChoice) throws {
    let blueprint = try Self.blueprint(winograd)
    let alone = try LittleRun.run(blueprint, ranks: 1, lanes: 1, to: 3)[0]
    #expect(alone.metrics.allSatisfy { $0.loss.isFinite })
    for (ranks, lanes) in [(1, 2), (2, 1), (3, 2), (4, 1)] {
      let traces = try LittleRun.run(blueprint, ranks: ranks, lanes: lanes, to: 3)
      for trace in traces {
        #expect(trace.metrics == alone.metrics)
        #expect(trace.microBatches == alone.microBatches)
        #expect(trace.parameters == alone.parameters)
      }
      #expect(traces[0].gradients == alone.gradients)
      #expect(traces[0].evaluation == alone.evaluation)
    }
  }

  /// Without this the test above could lose its subject unnoticed.
  @Test(arguments: WinogradChoice.allCases)
  func `the passes of the model are computed by all algorithms`(winograd: WinogradChoice) throws {
    let instructions = try Self.blueprint(winograd).plan.training.instructions
    let names = Set(instructions.compactMap { $0.operation.convolution?.algorithm.name })
    let variant = winograd.variant.map { ["winograd \($0)"] } ?? []
    #expect(names == Set(["1×1", "depthwise", "direct", "im2col"] + variant))
  }

  @Test
  func `the variants of Winograd's algorithm differ in bits`() throws {
    let digests = try WinogradChoice.allCases.map {
      try LittleRun.run(try Self.blueprint($0), ranks: 1, lanes: 1, to: 1)[0].gradients
    }
    #expect(Set(digests).count == 3)
  }
}
