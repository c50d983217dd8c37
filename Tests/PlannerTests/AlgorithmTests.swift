import Network
import Operators
import Planner
import TestSupport
import Testing

/// Which algorithms the planner chooses for the convolutions of known models.
struct AlgorithmTests {
  private func works(_ name: String, _ winograd: WinogradChoice) throws -> [ConvolutionWork] {
    var options = PlanOptions(microBatch: 4, microBatches: 1)
    options.winograd = winograd
    let plan = try Planner.plan(try #require(Zoo.model(name)).network, options: options)
    return plan.training.instructions.compactMap(\.operation.convolution)
  }

  private func isPlain3x3(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.window.kernel == Extent(3) && geometry.window.stride == Extent(1) && geometry.inputChannels >= 64
  }

  @Test(arguments: WinogradChoice.allCases, ["vgg19", "resnet18-cifar", "resnet50"])
  func `the option decides the algorithm of plain 3×3 layers`(winograd: WinogradChoice, name: String) throws {
    let works = try works(name, winograd)
    let names = Set(works.map(\.algorithm.name))
    for variant in WinogradVariant.allCases {
      #expect(names.contains("winograd \(variant)") == (winograd.variant == variant))
    }
    guard let variant = winograd.variant else { return }
    let large = works.filter { isPlain3x3($0.geometry) && $0.geometry.output.width >= 8 }
    #expect(!large.isEmpty)
    for work in large { #expect(work.algorithm.name == "winograd \(variant)", "\(work)") }
  }

  @Test
  func `the input gradient of strided 3×3 layers goes by phases`() throws {
    let works = try works("resnet18-cifar", .f4).filter {
      $0.pass == .backwardData && $0.geometry.window.kernel == Extent(3) && $0.geometry.window.stride == Extent(2)
    }
    let wide = works.filter { $0.geometry.output.width >= 8 }
    #expect(!wide.isEmpty)
    for work in wide { #expect(work.algorithm.name == "direct", "\(work)") }
  }

  @Test
  func `pointwise and depthwise layers have algorithms of their own`() throws {
    for work in try works("mobilenet-cifar", .f4) {
      if work.geometry.isPointwise { #expect(work.algorithm == .pointwise) }
      if work.geometry.isDepthwise { #expect(work.algorithm == .depthwise) }
    }
  }
}
