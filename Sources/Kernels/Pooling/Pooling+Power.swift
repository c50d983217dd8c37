internal import CKernels
package import Operators

/// Pooling by the p-norm of each window; padding counts as zeros.
///
/// Source: Sermanet, Chintala and LeCun, "Convolutional neural networks applied to house numbers digit classification",
/// ICPR 2012, section 2.2.
extension Pooling {
  /// y = (Σ |x|^p)^(1/p) over each window.
  ///
  /// - Parameter exponent: p, above 0; 1 and 2 are the fast ones.
  package static func powerForward(
    window: Window, channels: Int, batch: Int, exponent: Float, x: Span<Float>, y: inout MutableSpan<Float>
  ) {
    let loops = checked(window, channels: channels, batch: batch, x: x.count, y: y.count)
    precondition(exponent > 0, "an exponent of \(exponent)")
    unsafe withPointers(x, &y) { x, y in
      unsafe withUnsafePointer(to: loops) { loops in
        unsafe ck_loops().pointee.power_forward(loops, channels, batch, exponent, x, y)
      }
    }
  }

  /// dx = Σ dy · sign(x) · (|x|/y)^(p - 1) over the windows that an element lies in, written whole; a window whose y is
  /// 0 gives 0.
  package static func powerBackward(
    window: Window, channels: Int, batch: Int, exponent: Float, x: Span<Float>, y: Span<Float>, dy: Span<Float>,
    dx: inout MutableSpan<Float>
  ) {
    let loops = checked(window, channels: channels, batch: batch, x: x.count, y: y.count)
    precondition(exponent > 0, "an exponent of \(exponent)")
    precondition(dx.count == x.count && dy.count == y.count, "a gradient for each element")
    unsafe x.withPointer { x in
      unsafe withPointers(y, dy, &dx) { y, dy, dx in
        unsafe withUnsafePointer(to: loops) { loops in
          unsafe ck_loops().pointee.power_backward(loops, channels, batch, exponent, x, y, dy, dx)
        }
      }
    }
  }
}
