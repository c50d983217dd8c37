package import Operators
package import StrictYAML

/// Lays zeros round an image.
package struct ZeroPaddingLayer: LayerDescription {
  /// Zeros on each side.
  package var padding = Padding.none

  package init() {}
  package static let fields: [Field<Self>] = [
    Field("padding", \.padding, "zeros on each side", required: true, check: Padding.check)
  ]

  package static let notes = LayerNotes(
    formula: "y[c, i, j] = x[c, i − top, j − left], 0 outside",
    shapes: "C×H×W → C×(H + top + bottom)×(W + left + right)",
    work: "none", source: "PyTorch's ZeroPad2d")

  package func output(for input: Shape) -> Shape {
    Shape(
      channels: input.channels, height: input.height + padding.top + padding.bottom,
      width: input.width + padding.left + padding.right)
  }
}

/// Cuts off the edges of an image.
package struct CropLayer: LayerDescription {
  /// Rows and columns cut off on each side.
  package var edges = Padding.none

  package init() {}
  package static let fields: [Field<Self>] = [
    Field("edges", \.edges, "rows and columns cut off on each side", required: true, check: Padding.check)
  ]

  package static let notes = LayerNotes(
    formula: "y[c, i, j] = x[c, i + top, j + left]", shapes: "C×H×W → C×(H − top − bottom)×(W − left − right)",
    work: "none", source: "Ronneberger, Fischer and Brox, \"U-Net\", 2015, section 2")

  package func output(for input: Shape) throws(ShapeProblem) -> Shape {
    let height = input.height - edges.top - edges.bottom
    let width = input.width - edges.left - edges.right
    guard height >= 1, width >= 1 else {
      throw ShapeProblem("cutting off \(edges) leaves nothing of its input \(input): \(height)×\(width)")
    }
    return Shape(channels: input.channels, height: height, width: width)
  }
}

/// Makes an image larger by repeating or interpolating pixels.
package struct UpsamplingLayer: ResamplingLayer {
  /// How pixels in between are found.
  package enum Mode: String, CaseIterable, YAMLValue {
    /// The nearest pixel of the input.
    case nearest
    /// Linear along both axes.
    case bilinear
  }

  /// Output pixels for each pixel.
  package var scale = Extent(2)
  /// How pixels in between are found.
  package var mode = Mode.nearest
  /// For `bilinear`: whether the corner pixels of both sides fall on each other.
  package var alignCorners = false

  package init() {}
  package static let fields: [Field<Self>] = [
    Field("scale", \.scale, "output pixels for each pixel", check: Extent.atLeast(1)),
    Field("mode", \.mode, "how pixels in between are found"),
    Field("align-corners", \.alignCorners, "for bilinear: whether the corner pixels of both sides fall on each other"),
  ]

  package static let notes = LayerNotes(
    formula:
      "nearest: y[c, i, j] = x[c, ⌊i/s⌋, ⌊j/s⌋]; bilinear: x between its pixels at (i + ½)/s − ½, with align-corners "
      + "at i·(H − 1)/(H' − 1)",
    shapes: "C×H×W → C×s·H×s·W", work: "nearest none, bilinear 8 · C·H'·W'",
    source: "PyTorch's Upsample; Long, Shelhamer and Darrell, \"Fully convolutional networks\", 2015, section 3.3")

  package func problem() -> String? {
    alignCorners && mode == .nearest ? "align-corners: true needs mode: bilinear" : nil
  }

  package func output(for input: Shape) -> Shape {
    Shape(channels: input.channels, height: input.height * scale.height, width: input.width * scale.width)
  }

  package func resampling(for input: Shape) -> Resampling {
    func axis(_ input: Int, _ scale: Int) -> AxisMap {
      switch mode {
      case .nearest: .nearest(input: input, output: input * scale)
      case .bilinear: .linear(input: input, output: input * scale, alignCorners: alignCorners)
      }
    }
    return Resampling(
      rows: axis(input.height, scale.height), columns: axis(input.width, scale.width), channels: input.channels)
  }

  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? {
    ReceptiveFieldStep(kernel: Extent(mode == .nearest ? 1 : 2))
  }
}
