import Network
import Operators
import Reference
import Testing

/// Products of branches, and factors of channels.
struct BranchTests {
  private let input = Shape(channels: 2, height: 1, width: 2)

  @Test
  func `a gate is one factor for each channel of a sample`() throws {
    let gate = Module.sequential([
      .layer(.globalMaxPooling(GlobalMaxPoolingLayer())), .layer(.activation(.relu6)),
    ])
    let alone = try Alone([.branches(.multiply, [gate, .layer(.identity(IdentityLayer()))])], input: input)
    let result = alone.backward([1, -2, 3, 8], direction: [1, 1, 1, 1])
    #expect(result.logits == [3, -12, 9, 48])
    // The 3 is both factor and factored; the factor of the second channel has stopped at 6.
    #expect(agree(result.imageGradient ?? [], [3, 6, 3 + 4, 6]))
  }

  @Test
  func `branches of one shape are multiplied number by number`() throws {
    let branches: [Module] = [
      .layer(.activation(.relu)), .layer(.identity(IdentityLayer())), .layer(.identity(IdentityLayer())),
    ]
    let alone = try Alone([.branches(.multiply, branches)], input: input)
    let result = alone.backward([1, -2, 3, 4], direction: [1, 1, 10, 1])
    #expect(result.logits == [1, 0, 27, 64])
    #expect(agree(result.imageGradient ?? [], [3, 0, 270, 48]))
  }

  @Test
  func `a layer scale is one factor for each channel`() throws {
    var alone = try Alone(.layerScale(LayerScaleLayer()), input: input)
    #expect(agree(alone.train([1, 2, 3, 4]).logits, [1, 2, 3, 4].map { $0 * Double(Float(1e-6)) }))
    try alone.set("layer.layer_scale", [10, -1])
    let result = alone.backward([1, 2, 3, 4], direction: [1, 2, 3, 4])
    #expect(result.logits == [10, -2, 30, -4])
    #expect(agree(result.imageGradient ?? [], [10, -2, 30, -4]))
    #expect(try agree(alone.gradient("layer.layer_scale", in: result), [10, 20]))
  }
}
