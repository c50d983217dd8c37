import Network
import Operators
import StrictYAML
import Testing

/// Sizes of windows against the rules of the field, written independently.
struct WindowTests {
  /// All small windows along one axis: input, kernel, stride, dilation, padding in front and behind.
  private struct Case {
    let input: Int
    let kernel: Int
    let stride: Int
    let dilation: Int
    let before: Int
    let after: Int

    var window: Window {
      Window(
        input: Extent(height: input, width: 1), kernel: Extent(height: kernel, width: 1),
        stride: Extent(height: stride, width: 1),
        padding: Padding(top: before, left: 0, bottom: after, right: 0), dilation: Extent(height: dilation, width: 1))
    }

    static func all(symmetric: Bool) -> [Case] {
      var cases: [Case] = []
      for place in 0..<9 * 5 * 5 * 3 * 4 * 4 {
        let a = Case(
          input: place % 9 + 1, kernel: place / 9 % 5 + 1, stride: place / 45 % 5 + 1, dilation: place / 225 % 3 + 1,
          before: place / 675 % 4, after: place / 2_700)
        if !symmetric || (a.before == a.after && a.before <= a.kernel / 2) { cases.append(a) }
      }
      return cases
    }
  }

  @Test
  func `the output has ⌊(M + p − d(K − 1) − 1)÷s⌋ + 1 positions for any padding`() {
    for a in Case.all(symmetric: false) {
      let room = Double(a.input + a.before + a.after - a.dilation * (a.kernel - 1) - 1)
      let want = room < 0 ? 0 : Int((room / Double(a.stride)).rounded(.down)) + 1
      #expect(a.window.output.height == want, "\(a)")
    }
  }

  /// PyTorch's `ceil_mode`: a last window counts unless it starts behind the input and the padding in front of it.
  @Test
  func `rounding up is PyTorch's`() {
    for a in Case.all(symmetric: true) {
      let room = Double(a.input + 2 * a.before - a.dilation * (a.kernel - 1) - 1)
      var want = Int((room / Double(a.stride)).rounded(.up)) + 1
      if (want - 1) * a.stride >= a.input + a.before { want -= 1 }
      let rounded = a.window.roundedUp
      #expect(rounded.output.height == max(0, want), "\(a)")
      #expect(rounded.padding.top == a.before && rounded.padding.bottom >= a.after && rounded.input == a.window.input)
      #expect(rounded.padding.left == 0 && rounded.padding.right == 0)
    }
  }

  @Test
  func `same makes the output the input over the stride, with the least padding, the smaller half in front`() {
    for a in Case.all(symmetric: true) where a.before == 0 {
      let padding = PaddingRule.same.padding(
        input: a.window.input, kernel: a.window.kernel, stride: a.window.stride, dilation: a.window.dilation)
      let total = padding.top + padding.bottom
      let want = Int((Double(a.input) / Double(a.stride)).rounded(.up))
      #expect(padding.bottom - padding.top == total % 2 && padding.left == 0 && padding.right == 0)
      var window = a.window
      window.padding = padding
      #expect(window.output.height == want, "\(a)")
      guard total > 0 else { continue }
      window.padding.bottom -= 1
      #expect(window.output.height < want, "\(a)")
    }
  }

  @Test
  func `same keeps the size where the stride is 1, as PyTorch's does`() throws {
    var layer = ConvolutionLayer(4, kernel: 4)
    layer.padding = .same
    layer.dilation = Extent(height: 2, width: 3)
    let input = Shape(channels: 3, height: 7, width: 8)
    #expect(try layer.output(for: input) == Shape(channels: 4, height: 7, width: 8))
    // 2·3 = 6 rows and 3·3 = 9 columns in total.
    #expect(layer.geometry(for: input).window.padding == Padding(top: 3, left: 4, bottom: 3, right: 5))
  }

  @Test(arguments: [
    ("1", Padding(Extent(1))), ("[1, 2]", Padding(Extent(height: 1, width: 2))),
    ("[1, 2, 3, 4]", Padding(top: 1, left: 2, bottom: 3, right: 4)), ("[2, 2, 2, 2]", Padding(Extent(2))),
  ])
  func `padding is written in three ways`(text: String, padding: Padding) throws {
    let cursor = YAMLCursor(try YAMLTree(parsing: text, source: "text"), source: "text")
    #expect(try Padding(yaml: cursor) == padding)
    #expect(try PaddingRule(yaml: cursor) == .fixed(padding))
    let written = YAMLCursor(padding.yaml, source: "text")
    #expect(try Padding(yaml: written) == padding)
  }
}

/// A transposed convolution is the transpose of the convolution that it names.
struct TransposedConvolutionTests {
  /// All small layers along one axis, with the size of their input.
  private func cases(_ body: (TransposedConvolutionLayer, Int) throws -> Void) rethrows {
    for place in 0..<6 * 4 * 3 * 2 * 3 * 3 {
      var layer = TransposedConvolutionLayer()
      layer.channels = 2
      layer.kernel = Extent(height: place / 6 % 4 + 1, width: 1)
      layer.stride = Extent(height: place / 24 % 3 + 1, width: 1)
      layer.dilation = Extent(height: place / 72 % 2 + 1, width: 1)
      layer.padding = Padding(top: place / 144 % 3, left: 0, bottom: place / 432, right: 0)
      for added in 0..<layer.stride.height {
        layer.outputPadding = Extent(height: added, width: 0)
        try body(layer, place % 6 + 1)
      }
    }
  }

  @Test
  func `the output reaches from the first tap to the last, less the padding`() {
    cases { layer, input in
      var reached = 0
      for row in 0..<input {
        for tap in 0..<layer.kernel.height {
          reached = max(reached, row * layer.stride.height + tap * layer.dilation.height + 1)
        }
      }
      let want = reached - layer.padding.top - layer.padding.bottom + layer.outputPadding.height
      let output = try? layer.output(for: Shape(channels: 3, height: input, width: 1))
      #expect(output == (want >= 1 ? Shape(channels: 2, height: want, width: 1) : nil))
    }
  }

  @Test
  func `the convolution of the same settings leads back to the input`() {
    cases { layer, input in
      let shape = Shape(channels: 3, height: input, width: 1)
      guard let output = try? layer.output(for: shape) else { return }
      let convolution = layer.transposed(for: shape)
      #expect(convolution.input == output && convolution.output == shape)
    }
  }
}
