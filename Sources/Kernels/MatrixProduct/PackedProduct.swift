internal import CKernels

/// An operand of a product whose number (row, k) lies at row · `row` + k · `step`.
@unsafe
struct StridedOperand {
  let base: UnsafePointer<Float>
  let row: Int
  let step: Int
}

/// Products with a right operand that has been packed, by our own loops: for the shapes of convolutions they are faster
/// than OpenBLAS, which packs both operands anew at each call. See `docs/speed.md`.
enum PackedProduct {
  /// Packs a matrix inner × columns whose number (k, column) lies at column · `row` + k · `step`.
  static func pack(
    _ right: StridedOperand, inner: Int, columns: Int, into packed: UnsafeMutablePointer<Float>
  ) {
    unsafe ck_loops().pointee.pack(inner, columns, right.base, right.step, right.row, packed)
  }

  /// result = left · right, or result += left · right if `adding`; `left` is rows × inner, `right` inner × columns. What
  /// is read `soon` is fetched towards the CPU meanwhile.
  static func multiply(
    _ left: StridedOperand, packed: UnsafePointer<Float>, rows: Int, inner: Int, columns: Int,
    into result: UnsafeMutablePointer<Float>, stride: Int, adding: Bool = false, soon: ck_soon = unsafe ck_soon()
  ) {
    unsafe ck_loops().pointee.product(
      rows, columns, inner, left.base, left.row, left.step, packed, result, stride, adding ? 1 : 0, soon)
  }
}
