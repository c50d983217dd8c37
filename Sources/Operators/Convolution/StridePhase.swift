/// The gradient of a strided convolution's input falls into phases: the positions that lie a stride apart see the same
/// taps, and are a convolution of dy with stride 1 by those taps alone, turned round.
///
/// Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, section 4.6, without the
/// zeros that are stretched in there.
package struct StridePhase: Hashable, Sendable {
  /// The first position of the phase; the others follow a stride apart.
  package let first: Extent
  /// The positions of the phase.
  package let size: Extent
  /// The taps that these positions see; with none their gradient is zero.
  package let taps: Extent
  /// The last of these taps, which is the first of the kernel turned round; the others go before it, a stride apart.
  package let last: Extent
  /// Zeros above and before dy; negative where the first of dy's rows or columns are not seen.
  package let padding: Extent

  /// The number of phases.
  package static func count(_ window: Window) -> Int { window.stride.count }

  /// The phase of the given number, counted row by row.
  package init(_ window: Window, _ index: Int) {
    let rows = Axis(
      index / window.stride.width, window.input.height, window.kernel.height, window.stride.height, window.padding.top)
    let columns = Axis(
      index % window.stride.width, window.input.width, window.kernel.width, window.stride.width, window.padding.left)
    first = Extent(height: rows.first, width: columns.first)
    size = Extent(height: rows.size, width: columns.size)
    taps = Extent(height: rows.taps, width: columns.taps)
    last = Extent(height: rows.last, width: columns.last)
    padding = Extent(height: rows.padding, width: columns.padding)
  }

  /// Along one axis: input position i sees tap k of the window at (i + p − k) / s, where that is whole.
  private struct Axis {
    let first: Int
    let size: Int
    let taps: Int
    let last: Int
    let padding: Int

    init(_ phase: Int, _ input: Int, _ kernel: Int, _ stride: Int, _ pad: Int) {
      let lowest = (phase + pad) % stride
      first = phase
      size = max(0, (input - phase + stride - 1) / stride)
      taps = max(0, (kernel - lowest + stride - 1) / stride)
      last = lowest + (taps - 1) * stride
      padding = taps == 0 ? 0 : taps - 1 - (phase + pad) / stride
    }
  }
}

extension ConvolutionGeometry {
  /// Whether the direct algorithm computes y and the weight gradient of this convolution: one group, no dilation.
  package var isDirect: Bool { groups == 1 && window.dilation == Extent(1) }

  /// Whether it computes the input gradient as well: where no phase of the stride leaves out values of dy.
  package var isDirectBackward: Bool {
    isDirect
      && (0..<StridePhase.count(window)).allSatisfy {
        let padding = StridePhase(window, $0).padding
        return padding.height >= 0 && padding.width >= 0
      }
  }
}
