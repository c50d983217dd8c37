import Network
import Operators
import Testing

/// Every layer that can fail to fit its input says so with its path, its kind and the shapes.
struct LayerFitTests {
  /// What is wrong with `layer` at the path `block.inner`, or the shape that it gives.
  private func verdict(_ layer: String, _ input: String) throws -> String {
    let kind = layer.prefix { $0 != ":" }.drop { $0 == "{" }
    let named = layer.hasPrefix("{") ? "{name: inner, \(layer.dropFirst())" : "{name: inner, \(layer): {}}"
    let text = "input: \(input)\nlayers: [{name: block, sequential: [\(named)]}]"
    do {
      return try NetworkDescription(parsing: text, source: "model.yaml", name: "m").output().description
    } catch let error as NetworkError {
      let place = "model m, layer 'block.inner' (\(kind)): "
      #expect(error.description.hasPrefix(place))
      return String(error.description.dropFirst(place.count))
    }
  }

  @Test(arguments: [
    (
      "{convolution: {channels: 4, kernel: [2, 9]}}", "[3, 8, 8]",
      "its kernel of 2×9 (dilation 1) does not fit into its input 3×8×8 with padding 0: the output would be empty"
    ),
    (
      "{convolution: {channels: 4, kernel: 5, dilation: 3, padding: [1, 2, 3, 1]}}", "[3, 8, 8]",
      "its kernel of 5 (dilation 3) does not fit into its input 3×8×8 with padding 1,2,3,1: the output would be empty"
    ),
    (
      "{convolution: {channels: 4, groups: depthwise}}", "[3, 8, 8]",
      "its 4 channels are not a multiple of the 3 groups that its input 3×8×8 asks for"
    ),
    (
      "{transposed-convolution: {channels: 4, groups: 2}}", "[3, 8, 8]",
      "2 groups do not divide the 3 channels of its input 3×8×8"
    ),
    (
      "{transposed-convolution: {channels: 4, padding: 5}}", "[3, 8, 7]",
      "its padding of 5 leaves nothing of the output of its kernel of 3 (dilation 1, stride 1) over its input 3×8×7: "
        + "0×-1"
    ),
    (
      "{filter: {kernel: {box: {size: 9}}, padding: 0}}", "[3, 8, 8]",
      "its kernel of 9 (dilation 1) does not fit into its input 3×8×8 with padding 0: the output would be empty"
    ),
    (
      "{dense: {features: 4}}", "[3, 8, 8]",
      "a dense layer needs a vector and its input is 3×8×8; put 'flatten' or 'global-average-pool' before it"
    ),
    (
      "{max-pool: {kernel: 9}}", "[3, 8, 8]",
      "its window of 9 (dilation 1) does not fit into its input 3×8×8 with padding 0: the output would be empty"
    ),
    (
      "{average-pool: {kernel: 9}}", "[3, 8, 8]",
      "its window of 9 (dilation 1) does not fit into its input 3×8×8 with padding 0: the output would be empty"
    ),
    (
      "{lp-pool: {kernel: [9, 1]}}", "[3, 8, 8]",
      "its window of 9×1 (dilation 1) does not fit into its input 3×8×8 with padding 0: the output would be empty"
    ),
    (
      "{gaussian-pool: {kernel: 9}}", "[3, 8, 8]",
      "its window of 9 (dilation 1) does not fit into its input 3×8×8 with padding 0: the output would be empty"
    ),
    ("{group-norm: {groups: 2}}", "[3, 8, 8]", "2 groups do not divide the 3 channels of its input 3×8×8"),
    ("{channel-shuffle: {groups: 2}}", "[3, 8, 8]", "2 groups do not divide the 3 channels of its input 3×8×8"),
    (
      "{reshape: {shape: [4, 4, 4]}}", "[3, 8, 8]",
      "4×4×4 has 64 elements and its input 3×8×8 has 192; they must be as many"
    ),
    (
      "{crop: {edges: [4, 0, 4, 3]}}", "[3, 8, 8]", "cutting off 4,0,4,3 leaves nothing of its input 3×8×8: 0×5"
    ),
  ])
  func `what does not fit is explained`(layer: String, input: String, message: String) throws {
    #expect(try verdict(layer, input) == message)
  }

  @Test(arguments: [
    ("{group-norm: {groups: 3}}", "[3, 1, 1]"), ("instance-norm", "[3, 1, 1]"), ("layer-norm", "[1, 8, 8]"),
  ])
  func `a mean over a single number is refused`(layer: String, input: String) throws {
    #expect(try verdict(layer, input).hasPrefix("it normalises single elements of its input "))
  }

  @Test(arguments: [
    ("{convolution: {channels: 4, kernel: 9, padding: [0, 1, 1, 0]}}", "4"),
    ("{transposed-convolution: {channels: 6, stride: 2, groups: depthwise}}", "6×17×17"),
    ("{filter: {kernel: kirsch, stride: 3}}", "24×3×3"), ("{lp-pool: {kernel: 3, ceil: true}}", "3×3×3"),
    ("{adaptive-average-pool: {size: [9, 2]}}", "3×9×2"), ("global-max-pool", "3"), ("global-average-pool", "3"),
    ("flatten", "192"), ("{reshape: {shape: [6, 4, 8]}}", "6×4×8"), ("{crop: {edges: [1, 2, 3, 4]}}", "3×4×2"),
    ("{zero-pad: {padding: [1, 2, 3, 4]}}", "3×12×14"), ("{upsample: {scale: [2, 3]}}", "3×16×24"),
    ("{channel-shuffle: {groups: 3}}", "3×8×8"), ("layer-scale", "3×8×8"), ("softmax", "3×8×8"),
    ("{gaussian-pool: {kernel: 4, padding: 2, stride: 2}}", "3×5×5"), ("local-response-norm", "3×8×8"),
  ])
  func `what fits has its shape`(layer: String, output: String) throws {
    #expect(try verdict(layer, "[3, 8, 8]") == output)
  }

  @Test
  func `factors must have the shape of the product, or one pixel and as many channels`() throws {
    func verdict(_ branches: String) throws -> String {
      let text = "input: [3, 8, 8]\nlayers: [{name: gated, branches: {merge: multiply, of: [\(branches)]}}]"
      do {
        return try NetworkDescription(parsing: text, source: "model.yaml", name: "m").output().description
      } catch let error as NetworkError {
        return error.description
      }
    }
    #expect(try verdict("global-average-pool, identity") == "3×8×8")
    #expect(try verdict("[global-average-pool, {dense: {features: 3}}], {adaptive-average-pool: {size: 1}}") == "3")
    #expect(
      try verdict("[global-average-pool, {dense: {features: 2}}], identity")
        == "model m, branches 'gated': multiply needs equal shapes, or gates of 1×1 with as many channels, but they "
        + "are 2 and 3×8×8")
    #expect(try verdict("{crop: {edges: 1}}, identity").hasSuffix("but they are 3×6×6 and 3×8×8"))
  }

  @Test
  func `heads must be told apart`() throws {
    func verdict(_ first: String, _ second: String) throws -> String {
      func head(_ name: String, _ layer: String) -> String {
        "{\(name)head: {layers: [flatten, {name: \(layer), dense: {features: 2}}]}}"
      }
      let text = "input: [3, 8, 8]\nlayers: [\(head(first, "a")), \(head(second, "b")), flatten]"
      do {
        return try NetworkDescription(parsing: text, source: "model.yaml", name: "m").output().description
      } catch let error as NetworkError {
        return error.description
      }
    }
    #expect(try verdict("", "") == "192")
    #expect(try verdict("name: \"\", ", "") == "model m: a head has no name; give it one")
    let same = try verdict("name: aux, ", "name: aux, ")
    #expect(same == "model m: two heads are called 'aux'; give one of them another name")
  }
}
