internal import CKernels
package import Operators

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

  /// [row][column] of x becomes [column][row] of y, block by block.
  package static func transpose(
    blocks: Int, rows: Int, columns: Int, x: Span<Float>, y: inout MutableSpan<Float>
  ) {
    precondition(blocks >= 0 && rows > 0 && columns > 0, "\(blocks) blocks of \(rows) × \(columns)")
    precondition(x.count == blocks * rows * columns && y.count == x.count, "x and y: \(blocks) × \(rows) × \(columns)")
    unsafe withPointers(x, &y) { x, y in
      for block in 0..<blocks {
        let offset = block * rows * columns
        unsafe ck_loops().pointee.transpose(rows, columns, x + offset, y + offset)
      }
    }
  }

  /// y[i, j] = x[i - top, j - left], and 0 where there is no such pixel: zeros laid round an image, edges cut off, or
  /// both.
  ///
  /// - Parameters:
  ///   - input: the shape of a sample of x.
  ///   - output: the shape of a sample of y, with as many channels.
  ///   - top: rows of y above the first row of x; negative where rows are cut off.
  ///   - left: columns of y before the first column of x; negative where columns are cut off.
  package static func shift(
    batch: Int, input: Shape, output: Shape, top: Int, left: Int, x: Span<Float>, y: inout MutableSpan<Float>
  ) {
    precondition(batch >= 0 && input.channels == output.channels, "\(batch) samples from \(input) to \(output)")
    precondition(x.count == batch * input.count && y.count == batch * output.count, "\(batch) × \(input), \(output)")
    let rows = max(0, top)..<max(0, top, min(output.height, input.height + top))
    let columns = max(0, left)..<max(0, left, min(output.width, input.width + left))
    let copied = rows.count * columns.count
    if copied < output.positions { fill(0, into: &y) }
    guard copied > 0 else { return }
    let from = ((rows.lowerBound - top) * input.width + columns.lowerBound - left) * input.channels
    let to = (rows.lowerBound * output.width + columns.lowerBound) * output.channels
    unsafe withPointers(x, &y) { x, y in
      for sample in 0..<batch {
        unsafe ck_loops().pointee.copy_rows(
          rows.count, columns.count * input.channels, x + sample * input.count + from, input.width * input.channels,
          y + sample * output.count + to, output.width * output.channels)
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
