internal import CKernels

/// Moves between layouts; no arithmetic.
extension Elementwise {
  /// Copies x, [row][column], into the columns from `offset` on of a matrix of `totalColumns`: one part of a
  /// concatenation.
  package static func copyColumns(
    rows: Int, x: Span<Float>, columns: Int, into y: inout MutableSpan<Float>, totalColumns: Int, at offset: Int
  ) {
    check(rows, columns, totalColumns, offset, narrow: x.count, wide: y.count)
    unsafe withPointers(x, &y) { x, y in
      unsafe ck_loops().pointee.copy_rows(rows, columns, x, columns, y + offset, totalColumns)
    }
  }

  /// Copies the columns from `offset` on of x, a matrix of `totalColumns`, into y, [row][column]: the inverse of
  /// `copyColumns`.
  package static func extractColumns(
    rows: Int, from x: Span<Float>, totalColumns: Int, at offset: Int, columns: Int, into y: inout MutableSpan<Float>
  ) {
    check(rows, columns, totalColumns, offset, narrow: y.count, wide: x.count)
    unsafe withPointers(x, &y) { x, y in
      unsafe ck_loops().pointee.copy_rows(rows, columns, x + offset, totalColumns, y, columns)
    }
  }

  /// [position][channel] of x becomes [channel][position] of y, sample by sample: the order that PyTorch flattens in.
  package static func transposePlanes(
    batch: Int, positions: Int, channels: Int, x: Span<Float>, y: inout MutableSpan<Float>
  ) {
    transpose(batch, rows: positions, columns: channels, x, &y)
  }

  /// [channel][position] of x becomes [position][channel] of y: the inverse of `transposePlanes`.
  package static func restorePlanes(
    batch: Int, positions: Int, channels: Int, x: Span<Float>, y: inout MutableSpan<Float>
  ) {
    transpose(batch, rows: channels, columns: positions, x, &y)
  }

  private static func transpose(
    _ batch: Int, rows: Int, columns: Int, _ x: Span<Float>, _ y: inout MutableSpan<Float>
  ) {
    precondition(batch >= 0 && rows > 0 && columns > 0, "\(batch) samples of \(rows) × \(columns)")
    precondition(x.count == batch * rows * columns && y.count == x.count, "x and y: \(batch) × \(rows) × \(columns)")
    unsafe withPointers(x, &y) { x, y in
      for sample in 0..<batch {
        let offset = sample * rows * columns
        unsafe ck_loops().pointee.transpose(rows, columns, x + offset, y + offset)
      }
    }
  }

  private static func check(
    _ rows: Int, _ columns: Int, _ totalColumns: Int, _ offset: Int, narrow: Int, wide: Int
  ) {
    precondition(rows >= 0 && columns >= 0 && offset >= 0, "\(rows) rows of \(columns) columns at \(offset)")
    precondition(offset + columns <= totalColumns, "\(columns) columns at \(offset) leave \(totalColumns)")
    precondition(narrow == rows * columns, "\(narrow) floats are not \(rows) × \(columns)")
    precondition(wide == rows * totalColumns, "\(wide) floats are not \(rows) × \(totalColumns)")
  }
}
