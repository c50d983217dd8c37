internal import CKernels
import Operators

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
