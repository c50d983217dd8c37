// Collectives: how ranks talk to one another, and how a step's gradients become one.
//
//   Communicator/  the few verbs of a transport, and what is built on them; MPI is in a target of its own
//   Threads/       a cluster inside one process, stricter than MPI, on which the laws of the exchange are tested
//   Tree/          the one order in which gradients are added, over micro-batches, lanes and ranks
//   Exchange/      the step: sums to their owners, the update, new parameters to all

/// The few verbs by which ranks exchange bytes. All of them start something and return at once; `progress` moves data
/// and `pending` tells what is left.
///
/// A communicator belongs to the thread that made it and is used by no other (MPI is asked for
/// `MPI_THREAD_FUNNELED` only), hence it is not `Sendable`.
///
/// Requests are counted by *group*, a small number from `reserveGroups`, so that the owner of many requests can ask
/// about some of them. Group 0 belongs to the helpers in `Communicator+Collectives.swift`.
///
/// Between two ranks, messages with the same tag arrive in the order in which they were sent.
package protocol Communicator: AnyObject {
  /// This rank, 0 ..< size.
  var rank: Int { get }
  /// The number of ranks, P.
  var size: Int { get }
  /// The name of the machine.
  var host: String { get }
  /// The largest tag that a message may carry.
  var largestTag: Int { get }
  /// What this rank is doing.
  var activity: Activity { get }
  /// The message that has been awaited for longest; nil if none is.
  var awaited: (peer: Int, tag: Int)? { get }

  /// Reserves groups `first ..< first + count` for the caller and returns `first`, which is 1 or more.
  func reserveGroups(_ count: Int) -> Int

  /// Starts to send; the memory stays untouched until the group is complete. An empty message is not sent.
  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int, group: Int) throws(CommunicationError)

  /// Starts to receive a message of exactly this length; the memory belongs to the transport until the group is
  /// complete. An empty message is not awaited.
  func receive(
    into bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int, group: Int
  ) throws(CommunicationError)

  /// Starts a plain sum over all ranks, in place. The order of the additions is not fixed, so its bits may differ
  /// between runs and numbers of ranks. All ranks start their sums in the same order.
  ///
  /// It is here for the baseline alone: what the ordered exchange is measured against must be the transport's own
  /// all-reduce, not one that is built of these sends and receives.
  func startSum(_ values: UnsafeMutableBufferPointer<Float>, group: Int) throws(CommunicationError)

  /// Gives the transport a chance to move data and returns without waiting. True if something completed.
  @discardableResult
  func progress() throws(CommunicationError) -> Bool

  /// The requests of `group` that are still open.
  func pending(group: Int) -> Int

  /// Ends all ranks at once with this exit code.
  func abort(code: Int32) -> Never
}

/// The tags of all messages, in one place so that no two uses ever share one.
package enum Tag {
  /// Broadcast, gather and their kin; every rank calls them in the same order, so one tag is enough.
  static let collective = 0
  /// A rank's report on what it owns of the reduced gradient.
  static let report = 1
  /// Optimizer state on its way to rank 0; one tag is enough, since its messages keep their order.
  package static let snapshot = 2
  /// A rank's items of a gathered list; the lists of a step keep their order.
  static let gather = 3

  /// What a message with this tag holds, in words.
  package static func description(of tag: Int) -> String {
    switch tag {
    case collective: "a decision of all ranks"
    case report: "the end of the step"
    case snapshot: "optimizer states"
    case gather: "norms of the gradient"
    default: tag % 2 == 0 ? "gradient sums of bucket \((tag - 4) / 2)" : "parameters of bucket \((tag - 5) / 2)"
    }
  }

  /// Subtree sums of a bucket, on their way to the owners of its segments.
  static func sums(bucket: Int) -> Int { 2 * bucket + 4 }

  /// New parameters of a bucket, on their way from the owners of its segments.
  static func parameters(bucket: Int) -> Int { 2 * bucket + 5 }
}

/// Why ranks could not exchange data. None of these can be mended by trying again: the run has to end.
package enum CommunicationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A call of the transport failed; `reason` is the transport's own text.
  case failed(operation: String, peer: Int?, reason: String)
  /// A message did not have the length that the receiver expects, in bytes.
  case wrongLength(peer: Int, tag: Int, expected: Int, received: Int)
  /// A message or a model is larger than the transport can carry.
  case tooLarge(String)
  /// The deadline passed; only tests set one.
  case overdue(awaited: String)
  /// All ranks have ended, but messages were sent that nobody has received; only the cluster of threads sees that.
  case unreceived(String)
  /// A rank ended all ranks.
  case aborted(rank: Int, code: Int32)

  package var description: String {
    switch self {
    case .failed(let operation, let peer, let reason):
      let whom = peer.map { " with rank \($0)" } ?? ""
      return "\(operation)\(whom) failed: \(reason)"
    case .wrongLength(let peer, let tag, let expected, let received):
      return "a message from rank \(peer) (tag \(tag)) holds \(received) bytes where \(expected) are expected; "
        + "all ranks must run the same program with the same configuration"
    case .tooLarge(let text): return text
    case .overdue(let awaited): return "the deadline passed while waiting for \(awaited)"
    case .unreceived(let text): return "nobody received \(text)"
    case .aborted(let rank, let code): return "rank \(rank) ended the run with exit code \(code)"
    }
  }
}
