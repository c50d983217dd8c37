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

extension Pooling {
  /// y[sample][channel] = the mean of the channel over all positions.
  package static func globalAverageForward(
    positions: Int, channels: Int, batch: Int, x: Span<Float>, y: inout MutableSpan<Float>
  ) {
    check(positions, channels, batch, x: x.count, y: y.count)
    unsafe withPointers(x, &y) { x, y in
      for sample in 0..<batch {
        unsafe ck_loops().pointee.column_sums(
          positions, channels, 1 / Double(positions), x + sample * positions * channels, y + sample * channels)
      }
    }
  }

  /// dx[sample][position][channel] = dy[sample][channel] / positions.
  package static func globalAverageBackward(
    positions: Int, channels: Int, batch: Int, dy: Span<Float>, dx: inout MutableSpan<Float>
  ) {
    check(positions, channels, batch, x: dx.count, y: dy.count)
    unsafe withPointers(dy, &dx) { dy, dx in
      for sample in 0..<batch {
        unsafe ck_loops().pointee.spread_row(
          positions, channels, 1 / Float(positions), dy + sample * channels, dx + sample * positions * channels)
      }
    }
  }

  private static func check(_ positions: Int, _ channels: Int, _ batch: Int, x: Int, y: Int) {
    precondition(positions > 0 && channels > 0 && batch > 0, "\(batch) × \(channels) channels × \(positions)")
    precondition(x == batch * positions * channels, "input: \(batch) × \(positions) × \(channels)")
    precondition(y == batch * channels, "output: \(batch) × \(channels)")
  }
}
