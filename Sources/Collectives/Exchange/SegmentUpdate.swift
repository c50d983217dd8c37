/// The optimizer, seen from the exchange.
package protocol SegmentUpdate: AnyObject {
  /// Changes the parameters of `range` by the reduced gradient.
  ///
  /// Called once per step and bucket: for the segment this rank owns when the order is fixed (not at all where that
  /// is empty), for the whole bucket when it is any.
  ///
  /// - Parameters:
  ///   - range: a range of the flat buffer.
  ///   - gradient: the sum over all leaves; `gradient[0]` belongs to element `range.lowerBound`.
  func update(range: Range<Int>, gradient: UnsafePointer<Float>)
}
