internal import CKernels
package import Operators

/// Normalization by the squares of neighbouring channels.
///
/// Shapes: x, y, sums, dy and dx are [row][channel], where a row is a (sample, row, column).
///
/// Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", NIPS
/// 2012, section 3.3, with the mean of the squares for their sum.
package enum LocalResponseNormalization {
  /// y = x / s^beta.
  ///
  /// - Parameter sums: s, for the backward pass.
  package static func forward(
    _ g: LocalResponse, rows: Int, x: Span<Float>, y: inout MutableSpan<Float>, sums: inout MutableSpan<Float>
  ) {
    let response = checked(g, rows, x.count, y.count, sums.count)
    unsafe withPointers(x, &y, &sums) { x, y, sums in
      unsafe withUnsafePointer(to: response) { response in
        unsafe ck_loops().pointee.response_forward(response, rows, x, y, sums)
      }
    }
  }

  /// dx[j] = dy[j] / s[j]^beta - 2 · alpha · beta / size · x[j] · Σ dy · y / s over the channels that count j among
  /// their neighbours. dx is none of the other operands.
  package static func backward(
    _ g: LocalResponse, rows: Int, x: Span<Float>, y: Span<Float>, sums: Span<Float>, dy: Span<Float>,
    dx: inout MutableSpan<Float>
  ) {
    let response = checked(g, rows, x.count, y.count, sums.count)
    precondition(dy.count == x.count && dx.count == x.count, "a gradient for each element")
    unsafe withPointers(x, &dx) { x, dx in
      unsafe y.withPointer { y in
        unsafe sums.withPointer { sums in
          unsafe dy.withPointer { dy in
            unsafe withUnsafePointer(to: response) { response in
              unsafe ck_loops().pointee.response_backward(response, rows, x, y, sums, dy, dx)
            }
          }
        }
      }
    }
  }

  private static func checked(_ g: LocalResponse, _ rows: Int, _ x: Int, _ y: Int, _ sums: Int) -> ck_response {
    precondition(rows >= 0 && g.channels > 0 && g.size > 0, "\(rows) rows, \(g.size) of \(g.channels) channels")
    precondition(x == rows * g.channels && y == x && sums == x, "\(rows) × \(g.channels) floats")
    return ck_response(channels: g.channels, size: g.size, alpha: g.alpha, beta: g.beta, k: g.k)
  }
}
