internal import CKernels

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
