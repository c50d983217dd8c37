internal import CKernels
package import Operators

/// Pooling over windows and over whole planes.
///
/// Shapes: x and dx are [sample][row][column][channel] of the input, y and dy of the output.
package enum Pooling {
  /// y = the largest element of each window, and where it was.
  ///
  /// As in PyTorch, ties take the first in row-major order, NaN wins, and padding never wins; a window that meets no
  /// input position at all gives -∞.
  ///
  /// - Parameter indices: for each element of y, row · width + column of the element taken from the sample's plane, or
  ///   -1 if there is none.
  package static func maxForward(
    window: Window, channels: Int, batch: Int, x: Span<Float>, y: inout MutableSpan<Float>,
    indices: inout MutableSpan<Int32>
  ) {
    let loops = checked(window, channels: channels, batch: batch, x: x.count, y: y.count)
    precondition(indices.count == y.count, "indices: as many as outputs")
    precondition(window.input.count <= Int(Int32.max), "a plane of \(window.input) is beyond 32-bit indices")
    unsafe withPointers(x, &y, &indices) { x, y, indices in
      unsafe withUnsafePointer(to: loops) { loops in
        unsafe ck_loops().pointee.max_forward(loops, channels, batch, x, y, indices)
      }
    }
  }

  /// dx = the gradient of the input, written whole; `indices` are those of `maxForward`.
  package static func maxBackward(
    window: Window, channels: Int, batch: Int, dy: Span<Float>, indices: Span<Int32>, dx: inout MutableSpan<Float>
  ) {
    let loops = checked(window, channels: channels, batch: batch, x: dx.count, y: dy.count)
    precondition(indices.count == dy.count, "indices: as many as outputs")
    unsafe withPointers(dy, indices, &dx) { dy, indices, dx in
      unsafe withUnsafePointer(to: loops) { loops in
        unsafe ck_loops().pointee.max_backward(loops, channels, batch, dy, indices, dx)
      }
    }
  }

  /// The window as the loops know it, once the counts are checked.
  static func checked(_ window: Window, channels: Int, batch: Int, x: Int, y: Int) -> ck_window {
    precondition(channels > 0 && batch > 0, "\(batch) samples of \(channels) channels")
    precondition(x == batch * window.input.count * channels, "input: \(batch) × \(channels) × \(window.input)")
    precondition(y == batch * window.output.count * channels, "output: \(batch) × \(channels) × \(window.output)")
    return ck_window(window)
  }
}
