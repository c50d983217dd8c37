internal import CKernels
package import Operators

/// Fixed separable maps of images: means over windows, interpolation, and their transposes.
package enum Resample {
  /// y[i, j] = Σ rows[i, u] · columns[j, v] · x[u, v] for each channel; 0 where a run is empty.
  ///
  /// A product of two weights is taken in double precision and rounded once. The sums are accurate: in float over at
  /// most 64 terms, in double from there on. With `r.transposed` and dy for x it is the backward pass.
  ///
  /// Shapes: x is [sample][row][column][channel] of `r.input`, y of `r.output`.
  package static func apply(_ r: Resampling, batch: Int, x: Span<Float>, y: inout MutableSpan<Float>) {
    precondition(batch >= 0 && r.channels > 0, "\(batch) samples of \(r.channels) channels")
    precondition(x.count == batch * r.input.count, "input: \(batch) × \(r.input)")
    precondition(y.count == batch * r.output.count, "output: \(batch) × \(r.output)")
    unsafe withPointers(x, &y) { x, y in
      unsafe r.rows.withLoops { rows in
        unsafe r.columns.withLoops { columns in
          let map = unsafe ck_resampling(rows: rows, columns: columns, channels: r.channels)
          unsafe withUnsafePointer(to: map) { map in unsafe ck_loops().pointee.resample(map, batch, x, y) }
        }
      }
    }
  }
}

extension AxisMap {
  /// Calls `body` with the map as the loops know it; it is valid inside the closure only. That no run leaves the axis
  /// is a law of every `AxisMap`.
  fileprivate func withLoops(_ body: (ck_axis) -> Void) {
    unsafe starts.span.withPointer { starts in
      unsafe offsets.span.withPointer { offsets in
        unsafe weights.span.withPointer { weights in
          unsafe body(ck_axis(input: input, output: output, starts: starts, offsets: offsets, weights: weights))
        }
      }
    }
  }
}
