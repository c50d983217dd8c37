/// The digest of the reduced gradient: every rank sends the share of its segments to rank 0, eight bytes a step.
extension OrderedExchange {
  /// Rank 0 gets ready for the shares of the others.
  func receiveDigestShares() throws(CommunicationError) {
    guard communicator.rank == 0, digestCount > 0 else { return }
    for peer in 1..<max(1, communicator.size) {
      try unsafe communicator.receive(
        into: memory(ofShare: peer), from: peer, tag: Tag.digest, group: groups.digest)
    }
  }

  /// The other ranks send theirs, once it is complete.
  func sendDigestShare() throws(CommunicationError) {
    unsafe digestShares[communicator.rank] = ownDigest
    guard communicator.rank != 0, digestCount > 0 else { return }
    try unsafe communicator.send(
      UnsafeRawBufferPointer(memory(ofShare: communicator.rank)), to: 0, tag: Tag.digest, group: groups.digest)
  }

  /// The digest of the whole gradient on rank 0, zero elsewhere.
  func sumOfDigestShares() -> UInt64 {
    guard communicator.rank == 0 else { return 0 }
    return unsafe digestShares.reduce(0, &+)
  }

  private func memory(ofShare rank: Int) -> UnsafeMutableRawBufferPointer {
    let share = unsafe UnsafeMutableBufferPointer(rebasing: digestShares[rank..<rank + 1])
    return UnsafeMutableRawBufferPointer(share)
  }
}
