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
