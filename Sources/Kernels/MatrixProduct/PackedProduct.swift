internal import CKernels

/// A matrix that is packed: its number (k, column) lies at column · `column` + k · `step`.
@unsafe
struct StridedOperand {
  let base: UnsafePointer<Float>
  let column: Int
  let step: Int
}

/// The left operand of a product: its rows one after the other, or its columns, the numbers of each side by side and
/// the first ones `distance` apart.
@unsafe
struct LeftOperand {
  let base: UnsafePointer<Float>
  let distance: Int
  let inColumns: Bool

  /// Rows of terms.
  static func rows(_ base: UnsafePointer<Float>, distance: Int) -> LeftOperand {
    unsafe LeftOperand(base: base, distance: distance, inColumns: false)
  }

  /// Terms of rows: the transpose.
  static func columns(_ base: UnsafePointer<Float>, distance: Int) -> LeftOperand {
    unsafe LeftOperand(base: base, distance: distance, inColumns: true)
  }
}

/// Products with a right operand that has been packed, by our own loops: for the shapes of convolutions they are faster
/// than OpenBLAS, which packs both operands anew at each call. See `docs/speed.md`.
enum PackedProduct {
  /// Packs a matrix inner × columns.
  static func pack(
    _ right: StridedOperand, inner: Int, columns: Int, into packed: UnsafeMutablePointer<Float>
  ) {
    unsafe ck_loops().pointee.pack(inner, columns, right.base, right.step, right.column, packed)
  }

  /// result = left · right, or result += left · right if `adding`; `left` is rows × inner, `right` inner × columns. What
  /// is read `soon` is fetched towards the CPU meanwhile.
  static func multiply(
    _ left: LeftOperand, packed: UnsafePointer<Float>, rows: Int, inner: Int, columns: Int,
    into result: UnsafeMutablePointer<Float>, stride: Int, adding: Bool = false, soon: ck_soon = unsafe ck_soon()
  ) {
    unsafe ck_loops().pointee.product(
      rows, columns, inner, left.base, left.inColumns ? 1 : 0, left.distance, packed, result, stride, adding ? 1 : 0,
      soon)
  }
}
