internal import CKernels

/// Arithmetic on flat tensors of equal count.
package enum Elementwise {
  /// y = a + b.
  package static func add(_ a: Span<Float>, _ b: Span<Float>, into y: inout MutableSpan<Float>) {
    precondition(a.count == b.count && b.count == y.count, "the operands differ in count")
    let count = a.count
    unsafe withPointers(a, b, &y) { a, b, y in unsafe ck_loops().pointee.add(count, a, b, y) }
  }

  /// y = a · b.
  package static func multiply(_ a: Span<Float>, _ b: Span<Float>, into y: inout MutableSpan<Float>) {
    precondition(a.count == b.count && b.count == y.count, "the operands differ in count")
    let count = a.count
    unsafe withPointers(a, b, &y) { a, b, y in unsafe ck_loops().pointee.multiply(count, a, b, y) }
  }

  /// d = d + x.
  package static func accumulate(_ x: Span<Float>, into d: inout MutableSpan<Float>) {
    precondition(x.count == d.count, "the operands differ in count")
    let count = x.count
    unsafe withPointers(x, &d) { x, d in unsafe ck_loops().pointee.accumulate(count, x, d) }
  }

  /// d = x.
  package static func copy(_ x: Span<Float>, into d: inout MutableSpan<Float>) {
    precondition(x.count == d.count, "the operands differ in count")
    let count = x.count
    unsafe withPointers(x, &d) { x, d in unsafe ck_loops().pointee.copy_rows(1, count, x, count, d, count) }
  }

  /// d = value.
  package static func fill(_ value: Float, into d: inout MutableSpan<Float>) {
    let count = d.count
    unsafe d.withPointer { d in unsafe ck_loops().pointee.fill(count, value, d) }
  }
}

/// Arithmetic between a matrix, [row][column], and one value for each column. Sums are accurate: in float over at most
/// 64 rows of a lane, in double from there on.
extension Elementwise {
  /// Each row of y = itself + row.
  package static func addRow(rows: Int, columns: Int, row: Span<Float>, into y: inout MutableSpan<Float>) {
    check(1, rows, columns, matrix: y.count, row: row.count)
    unsafe withPointers(row, &y) { row, y in unsafe ck_loops().pointee.add_row(rows, columns, row, y) }
  }

  /// sums[column] = Σ over rows of x.
  package static func sumRows(rows: Int, columns: Int, x: Span<Float>, into sums: inout MutableSpan<Float>) {
    check(1, rows, columns, matrix: x.count, row: sums.count)
    unsafe withPointers(x, &sums) { x, sums in unsafe ck_loops().pointee.column_sums(rows, columns, 1, x, sums) }
  }

  /// y[block][row][column] = x[block][row][column] · row[block][column].
  package static func multiplyRow(
    blocks: Int, rows: Int, columns: Int, x: Span<Float>, row: Span<Float>, y: inout MutableSpan<Float>
  ) {
    check(blocks, rows, columns, matrix: x.count, row: row.count)
    precondition(y.count == x.count, "x and y differ in count")
    unsafe withPointers(x, row, &y) { x, row, y in
      for block in 0..<blocks {
        let offset = block * rows * columns
        unsafe ck_loops().pointee.multiply_row(rows, columns, x + offset, row + block * columns, y + offset)
      }
    }
  }

  /// s[block][column] = Σ over rows of a · b.
  package static func sumProducts(
    blocks: Int, rows: Int, columns: Int, a: Span<Float>, b: Span<Float>, into s: inout MutableSpan<Float>
  ) {
    check(blocks, rows, columns, matrix: a.count, row: s.count)
    precondition(a.count == b.count, "a and b differ in count")
    unsafe withPointers(a, b, &s) { a, b, s in
      for block in 0..<blocks {
        let offset = block * rows * columns
        unsafe ck_loops().pointee.column_products(rows, columns, a + offset, b + offset, s + block * columns)
      }
    }
  }

  /// y[row][column] = x where x > 0, else slopes[column] · x.
  package static func rectify(
    rows: Int, columns: Int, x: Span<Float>, slopes: Span<Float>, y: inout MutableSpan<Float>
  ) {
    check(1, rows, columns, matrix: x.count, row: slopes.count)
    precondition(y.count == x.count, "x and y differ in count")
    unsafe withPointers(x, slopes, &y) { x, slopes, y in
      unsafe ck_loops().pointee.prelu_forward(rows, columns, x, slopes, y)
    }
  }

  /// dx[row][column] = dy where x > 0, else slopes[column] · dy.
  package static func rectifyBackward(
    rows: Int, columns: Int, x: Span<Float>, dy: Span<Float>, slopes: Span<Float>, dx: inout MutableSpan<Float>
  ) {
    check(1, rows, columns, matrix: x.count, row: slopes.count)
    precondition(dy.count == x.count && dx.count == x.count, "x, dy and dx differ in count")
    unsafe withPointers(x, dy, slopes, &dx) { x, dy, slopes, dx in
      unsafe ck_loops().pointee.prelu_backward(rows, columns, x, dy, slopes, dx)
    }
  }

  /// s[column] = Σ over rows of dy · x where x is not above 0.
  package static func slopeGradients(
    rows: Int, columns: Int, x: Span<Float>, dy: Span<Float>, into s: inout MutableSpan<Float>
  ) {
    check(1, rows, columns, matrix: x.count, row: s.count)
    precondition(x.count == dy.count, "x and dy differ in count")
    unsafe withPointers(x, dy, &s) { x, dy, s in unsafe ck_loops().pointee.prelu_slopes(rows, columns, x, dy, s) }
  }

  private static func check(_ blocks: Int, _ rows: Int, _ columns: Int, matrix: Int, row: Int) {
    precondition(blocks >= 0 && rows >= 0 && columns > 0, "\(blocks) blocks of \(rows) × \(columns)")
    precondition(matrix == blocks * rows * columns, "\(matrix) floats are not \(blocks) × \(rows) × \(columns)")
    precondition(row == blocks * columns, "\(row) floats are not \(blocks) × \(columns)")
  }
}
