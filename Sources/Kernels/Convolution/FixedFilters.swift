internal import CKernels
package import Operators

/// Filters that are not learned, laid over each channel alone.
///
/// Shapes: x and dx are [sample][row][column][channel] of the input; y and dy of the output, whose channel c · F + f is
/// filter f of F over channel c.
package enum FixedFilters {
  /// y = filters ∗ x, with zeros for padding.
  package static func forward(_ g: FilterGeometry, batch: Int, x: Span<Float>, y: inout MutableSpan<Float>) {
    let window = checked(g, batch: batch, x: x.count, y: y.count)
    unsafe withPointers(x, g.filters.span, &y) { x, filters, y in
      unsafe withUnsafePointer(to: window) { window in
        unsafe ck_loops().pointee.filters_forward(window, g.channels, g.count, batch, filters, x, y)
      }
    }
  }

  /// dx = the gradient of the input, written whole.
  package static func backward(_ g: FilterGeometry, batch: Int, dy: Span<Float>, dx: inout MutableSpan<Float>) {
    let window = checked(g, batch: batch, x: dx.count, y: dy.count)
    unsafe withPointers(dy, g.filters.span, &dx) { dy, filters, dx in
      unsafe withUnsafePointer(to: window) { window in
        unsafe ck_loops().pointee.filters_backward(window, g.channels, g.count, batch, filters, dy, dx)
      }
    }
  }

  private static func checked(_ g: FilterGeometry, batch: Int, x: Int, y: Int) -> ck_window {
    let window = ck_window(g.window)
    precondition(batch > 0 && g.channels > 0, "\(batch) samples of \(g.channels) channels")
    precondition(g.count > 0 && g.filters.count == g.count * g.window.kernel.count, "filters: \(g.window.kernel) each")
    precondition(x == batch * g.window.input.count * g.channels, "input: \(batch) × \(g.channels) × \(g.window.input)")
    precondition(y == batch * g.output.count, "output: \(batch) × \(g.output)")
    return window
  }
}

extension ck_window {
  /// The window as the loops know it.
  ///
  /// Every number that the loops divide by or step with is checked here.
  init(_ window: Window) {
    precondition(
      window.input.height > 0 && window.input.width > 0 && window.output.height > 0 && window.output.width > 0,
      "a \(window.kernel) window over \(window.input) positions has no output")
    precondition(
      window.kernel.height > 0 && window.kernel.width > 0 && window.stride.height > 0 && window.stride.width > 0
        && window.dilation.height > 0 && window.dilation.width > 0,
      "kernel \(window.kernel), stride \(window.stride) and dilation \(window.dilation) are to be at least 1")
    precondition(
      min(window.padding.top, window.padding.left, window.padding.bottom, window.padding.right) >= 0,
      "padding \(window.padding) is negative")
    self.init(
      input_height: window.input.height, input_width: window.input.width,
      output_height: window.output.height, output_width: window.output.width,
      kernel_height: window.kernel.height, kernel_width: window.kernel.width,
      stride_height: window.stride.height, stride_width: window.stride.width,
      pad_top: window.padding.top, pad_left: window.padding.left,
      dilation_height: window.dilation.height, dilation_width: window.dilation.width)
  }

  /// The window of one row of the kernel alone.
  func row(_ index: Int) -> ck_window {
    var window = self
    window.pad_top -= index * dilation_height
    window.kernel_height = 1
    return window
  }
}
