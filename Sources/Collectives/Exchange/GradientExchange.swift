/// One rank's side of the exchange of gradients, one step after the other, while the backward pass still runs:
///
///     beginStep → contribute(bucket) for each bucket, with polls between the instructions → finishStep
///
/// One object per rank, used from the communicator's thread. After the first step no step allocates. When a call
/// throws, the step cannot be saved: the run has to end.
package protocol GradientExchange: AnyObject {
  /// The digest of the reduced gradient of the last finished step (see `GradientReport`), on rank 0; other ranks need
  /// not know it.
  var gradientDigest: UInt64 { get }

  /// The sum of the squares of the same, in the same way: its root is the gradient's norm. It has the same bits for any
  /// number of ranks and any buckets as long as the gradient has.
  var gradientSquares: Double { get }

  /// Whether each number of the same is finite; all ranks know.
  var gradientIsFinite: Bool { get }

  /// The seconds that the last `finishStep` spent waiting for other ranks.
  var waited: Double { get }

  /// Opens a step and gets ready for what the other ranks send.
  func beginStep() throws(CommunicationError)

  /// Hands in this rank's sums of one bucket, each bucket once per step, in any order.
  ///
  /// The bucket's range of each of the sums is final. It is left alone until `finishStep` returns, and its content is
  /// lost then. From here on the parameters of the bucket may change: the backward pass must be done with them.
  func contribute(bucket: Int) throws(CommunicationError)

  /// Moves data along, and reduces and updates what has arrived. Never blocks. True if something happened.
  @discardableResult
  func poll() throws(CommunicationError) -> Bool

  /// Waits until every bucket is reduced and updated and its new parameters are here. The deadline is for tests.
  func finishStep(deadline: Deadline?) throws(CommunicationError)
}

extension GradientExchange {
  /// Waits for the end of the step without a deadline.
  package func finishStep() throws(CommunicationError) { try finishStep(deadline: nil) }

  /// Polls until `isDone`.
  func poll(
    until isDone: () -> Bool, _ deadline: Deadline?, _ communicator: any Communicator
  ) throws(CommunicationError) {
    var backoff = Backoff()
    while !isDone() {
      if try poll() {
        backoff.reset()
        communicator.activity.advance()
      } else {
        try deadline?.check()
        backoff.pause(communicator)
      }
    }
  }
}

/// The optimizer, seen from the exchange.
///
/// It may take each piece of the gradient as it comes, or wait for the whole: to clip by the norm of all of it, or to
/// scale each tensor by norms of its own, which many ranks may hold pieces of.
package protocol SegmentUpdate: AnyObject {
  /// Whether `update` only takes the gradient, and the parameters change in `complete`. Constant, and the same on all
  /// ranks.
  var waitsForWholeGradient: Bool { get }

  /// The positions of the flat buffer to which the items of gathered lists belong. Constant, and the same on all ranks.
  var gatherPositions: [Int] { get }

  /// Takes the reduced gradient of `range`, and changes its parameters unless `complete` will.
  ///
  /// Called once per step and bucket, for the segment of it that this rank owns; not at all where that is empty.
  ///
  /// - Parameters:
  ///   - range: a range of the flat buffer.
  ///   - gradient: the sum over all leaves; `gradient[0]` belongs to element `range.lowerBound`. It may be changed, and
  ///     is lost when this returns.
  func update(range: Range<Int>, gradient: UnsafeMutablePointer<Float>)

  /// Changes the parameters of all that this rank owns. Called once per step if the update waits, when the gradient is
  /// reduced on all ranks.
  ///
  /// - Parameters:
  ///   - squares: the sum of the squares of the whole gradient, the same bits on all ranks.
  ///   - gather: makes lists whole. Every rank gathers equally often.
  func complete(squares: Double, gather: ListGather) throws(CommunicationError)
}

/// Makes a list whole that has an item for each of an update's `gatherPositions`: each rank has filled in the items
/// whose positions it owns, and then has all.
package typealias ListGather = (_ list: inout [Double]) throws(CommunicationError) -> Void
