import Network
import Operators
import Planner
import Randomness
import Reference
import TestSupport
import Testing

/// Where tensors lie in the flat buffers, and what they hold at first.
struct LayoutTests {
  @Test(arguments: UInt64(0)..<30)
  func `file order and memory order are inverse`(seed: UInt64) throws {
    let layout = try plan(RandomModel.network(seed: seed)).layout
    var flat = [Float](repeating: -1, count: layout.count)
    for (index, parameter) in layout.parameters.enumerated() {
      let values = (0..<parameter.description.count).map { Float(1_000 * index + $0) }
      var span = flat.mutableSpan
      layout.store(values, of: parameter, into: &span)
    }
    for (index, parameter) in layout.parameters.enumerated() {
      let values = (0..<parameter.description.count).map { Float(1_000 * index + $0) }
      #expect(layout.fileOrder(parameter, from: flat.span) == values)
      #expect(Set(parameter.indices) == Set(parameter.range))
    }
    #expect(flat.count { $0 >= 0 } == layout.parameterCount)
  }

  @Test
  func `a convolution's weights lie with the input channels last`() throws {
    let layout = try plan(mixedNetwork).layout
    let weight = try #require(layout.parameters.first { $0.name == "first.weight" })
    var flat = [Float](repeating: 0, count: layout.count)
    var span = flat.mutableSpan
    layout.store((0..<weight.description.count).map { Float($0) }, of: weight, into: &span)
    // The first row in memory: output channel 0, kernel position 0, the three input channels, 9 apart in the file.
    #expect(Array(flat[weight.range].prefix(5)) == [0, 9, 18, 1, 10])
  }

  @Test
  func `the layout runs from the last layer to the first and ends with the trailer`() throws {
    let layout = try plan(mixedNetwork).layout
    #expect(
      layout.parameters.map(\.name)
        == [
          "head.weight", "head.bias", "block.body.weight", "block.body.bias", "norm.weight", "norm.bias",
          "first.weight", "first.bias",
        ])
    #expect(layout.parameters.allSatisfy { $0.range.lowerBound % FlatLayout.alignment == 0 })
    #expect(layout.statistics.map(\.path) == ["norm"])
    #expect(layout.statistics[0].mean.lowerBound >= layout.parameterEnd)
    #expect(layout.metrics.lowerBound >= layout.statistics[0].variance.upperBound)
    #expect(layout.samplesDigest(of: 2).upperBound == layout.digests.upperBound)
    #expect(layout.index(of: .loss) == layout.metrics.lowerBound)
    #expect(layout.buckets.dropLast().allSatisfy { $0.count == 256 })
  }

  @Test
  func `the first bucket is complete while most of the backward pass is still to come`() throws {
    let plan = try plan(#require(Zoo.model("resnet20")).network, bucket: 4_096)
    let first = plan.training.instructions.firstIndex {
      if case .bucketComplete = $0.operation { true } else { false }
    }
    let later = plan.training.instructions[(first ?? 0)...].count { $0.pass == .backward }
    #expect(later > plan.training.instructions.count { $0.pass == .backward } * 2 / 3)
  }
}

/// The flat parameter buffer before the first step.
struct InitialParametersTests {
  private func values(_ layout: FlatLayout, _ name: String, seed: UInt64 = 7) throws -> [Float] {
    let parameter = try #require(layout.parameters.first { $0.name == name })
    return layout.fileOrder(parameter, from: InitialParameters.values(layout, seed: seed).span)
  }

  private func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (mean, (squares / Double(values.count)).squareRoot())
  }

  @Test
  func `weights follow their distribution`() throws {
    let layout = try plan(#require(Zoo.model("vgg11-cifar")).network).layout
    let normal = try values(layout, "features.8.weight")
    let deviation = (2.0 / (256 * 9)).squareRoot()
    #expect(abs(moments(normal).mean) < 4 * deviation / Double(normal.count).squareRoot())
    #expect(abs(moments(normal).deviation / deviation - 1) < 0.01)
    #expect(abs(Double(normal.map { abs($0) }.max() ?? 0) / deviation - 4.6) < 0.8)
    let uniform = try values(layout, "classifier.weight")
    let bound = 1 / 512.0.squareRoot()
    #expect(uniform.allSatisfy { abs(Double($0)) <= bound })
    #expect(abs(moments(uniform).mean) < 4 * bound / (3.0 * Double(uniform.count)).squareRoot())
    #expect(abs(moments(uniform).deviation / (bound / 3.0.squareRoot()) - 1) < 0.03)
  }

  @Test
  func `normalizations start as the identity and gaps at zero`() throws {
    let layout = try plan(mixedNetwork).layout
    let flat = InitialParameters.values(layout, seed: 7)
    #expect(try values(layout, "norm.weight").allSatisfy { $0 == 1 })
    #expect(try values(layout, "norm.bias").allSatisfy { $0 == 0 })
    #expect(flat[layout.statistics[0].mean].allSatisfy { $0 == 0 })
    #expect(flat[layout.statistics[0].variance].allSatisfy { $0 == 1 })
    let inside = Set(layout.parameters.flatMap { Array($0.range) } + Array(layout.statistics[0].variance))
    #expect(flat.indices.allSatisfy { inside.contains($0) || flat[$0] == 0 })
  }

  @Test
  func `a parameter's values depend on seed and name alone`() throws {
    let head = Module.layer(.dense(DenseLayer(10)), name: "head")
    let flatten = Module.layer(.flatten(FlattenLayer()), name: "flatten")
    let input = Shape(channels: 3, height: 4, width: 4)
    let more = Module.layer(.convolution(ConvolutionLayer(3, kernel: 1)), name: "more")
    let small = try plan(NetworkDescription(name: "a", input: input, layers: [flatten, head])).layout
    let large = try plan(
      NetworkDescription(name: "b", input: input, layers: [more, flatten, head]), batch: 7, bucket: 1_024
    ).layout
    #expect(try values(small, "head.weight") == values(large, "head.weight"))
    #expect(try values(small, "head.bias") == values(large, "head.bias"))
    #expect(try values(small, "head.weight") != values(small, "head.weight", seed: 8))
    #expect(try values(small, "head.weight").prefix(10) != values(small, "head.bias").prefix(10))
  }

  @Test
  func `element i in the order of files takes number i of the parameter's stream`() throws {
    let layout = try plan(mixedNetwork).layout
    let bound = 1 / 27.0.squareRoot()
    var stream = RandomStream(seed: 7, purpose: .initialWeights, subject: StableHash.of("first.weight"))
    let expected = (0..<16 * 27).map { _ in Float((2 * Double(stream.uniform()) - 1) * bound) }
    #expect(try values(layout, "first.weight") == expected)
  }
}
