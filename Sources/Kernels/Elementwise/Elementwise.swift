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
