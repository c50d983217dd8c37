internal import CKernels

/// Products with a right operand that has been packed, by our own loops: for the shapes of convolutions they are faster
/// than OpenBLAS, which packs both operands anew at each call. See `docs/speed.md`.
enum PackedProduct {
  /// Packs a matrix inner × columns.
  static func pack(_ right: Operand, inner: Int, columns: Int, into packed: UnsafeMutablePointer<Float>) {
    let (term, column) = unsafe right.isTransposed ? (1, right.stride) : (right.stride, 1)
    unsafe ck_loops().pointee.pack(inner, columns, right.base, term, column, packed)
  }

  /// result = left · right, or result += left · right if `adding`; `left` is rows × inner, `right` inner × columns. What
  /// is read `soon` is fetched towards the CPU meanwhile.
  static func multiply(
    _ left: Operand, packed: UnsafePointer<Float>, rows: Int, inner: Int, columns: Int,
    into result: UnsafeMutablePointer<Float>, stride: Int, adding: Bool = false, soon: ck_soon = unsafe ck_soon()
  ) {
    unsafe ck_loops().pointee.product(
      rows, columns, inner, left.base, left.isTransposed ? 1 : 0, left.stride, packed, result, stride, adding ? 1 : 0,
      soon)
  }
}
