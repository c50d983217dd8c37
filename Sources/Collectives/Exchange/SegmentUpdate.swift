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
  func update(range: Range<Int>, gradient: UnsafeMutablePointer<Float>)

  /// Whether `update` only takes the gradient, and the parameters change in `complete`.
  var waitsForWholeGradient: Bool { get }

  /// The positions of the flat buffer that the items of a gathered list belong to, ascending.
  var gatherPositions: [Int] { get }

  /// Changes the parameters of all owned segments.
  func complete(
    squares: Double, gather: (inout [Double]) throws(CommunicationError) -> Void
  ) throws(CommunicationError)
}
