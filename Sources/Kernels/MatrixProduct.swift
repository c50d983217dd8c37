internal import CKernels
internal import COpenBLAS

/// An operand of a matrix product: where it lies, and the distance from one stored row to the next.
@unsafe
struct Operand {
  let base: UnsafePointer<Float>
  let stride: Int
  let isTransposed: Bool

  /// A matrix used as it is stored.
  static func plain(_ base: UnsafePointer<Float>, stride: Int) -> Operand {
    unsafe Operand(base: base, stride: stride, isTransposed: false)
  }

  /// The transpose of what is stored.
  static func transposed(_ base: UnsafePointer<Float>, stride: Int) -> Operand {
    unsafe Operand(base: base, stride: stride, isTransposed: true)
  }
}

/// The one place that calls `cblas_sgemm`.
enum MatrixProduct {
  /// result = left · right, or result += left · right if `adding`.
  ///
  /// - Parameters:
  ///   - shape: `left` is rows × inner, `right` is inner × columns, `result` is rows × columns in row-major order.
  ///   - stride: the distance from one row of `result` to the next.
  static func multiply(
    _ left: Operand, _ right: Operand, rows: Int, inner: Int, columns: Int, into result: UnsafeMutablePointer<Float>,
    stride: Int, adding: Bool = false
  ) {
    guard rows > 0, columns > 0 else { return }
    unsafe checkStride(left, columns: left.isTransposed ? rows : inner)
    unsafe checkStride(right, columns: right.isTransposed ? inner : columns)
    precondition(stride >= columns, "rows of \(columns) do not fit a stride of \(stride)")
    unsafe cblas_sgemm(
      CblasRowMajor, left.isTransposed ? CblasTrans : CblasNoTrans, right.isTransposed ? CblasTrans : CblasNoTrans,
      narrow(rows), narrow(columns), narrow(inner), 1, left.base, narrow(left.stride), right.base,
      narrow(right.stride), adding ? 1 : 0, result, narrow(stride))
  }

  private static func checkStride(_ operand: Operand, columns: Int) {
    let stride = unsafe operand.stride
    precondition(stride >= columns, "rows of \(columns) do not fit a stride of \(stride)")
  }

  // OpenBLAS counts in 32 bits here.
  private static func narrow(_ count: Int) -> Int32 {
    guard let narrow = Int32(exactly: count) else {
      preconditionFailure("a matrix dimension of \(count) is beyond the 32 bits of OpenBLAS")
    }
    return narrow
  }
}

/// Products with a right operand that has been packed, by our own loops: for the shapes of convolutions they are faster
/// than OpenBLAS, which packs both operands anew at each call. See `docs/speed.md`.
enum PackedProduct {
  /// Packs a matrix inner × columns.
  static func pack(_ right: Operand, inner: Int, columns: Int, into packed: UnsafeMutablePointer<Float>) {
    let (term, column) = unsafe right.isTransposed ? (1, right.stride) : (right.stride, 1)
    unsafe ck_loops().pointee.pack(inner, columns, right.base, term, column, packed)
  }

  /// result = left · right, or result += left · right if `adding`; `left` is rows × inner, `right` inner × columns.
  /// What is read next is prefetched meanwhile.
  static func multiply(
    _ left: Operand, packed: UnsafePointer<Float>, rows: Int, inner: Int, columns: Int,
    into result: UnsafeMutablePointer<Float>, stride: Int, adding: Bool = false, next: ck_next = unsafe ck_next()
  ) {
    unsafe ck_loops().pointee.product(
      rows, columns, inner, left.base, left.isTransposed ? 1 : 0, left.stride, packed, result, stride, adding ? 1 : 0,
      next)
  }
}
