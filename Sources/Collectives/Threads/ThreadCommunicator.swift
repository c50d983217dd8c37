internal import Foundation
import Hashing

/// One rank of a `ThreadCluster`. It is stricter than MPI: it reports memory that changes while it is being sent, and
/// fills the memory of a receive with NaNs until the message arrives.
package final class ThreadCommunicator: Communicator {
  @safe private struct OpenReceive {
    let id: Int
    let memory: UnsafeMutableRawBufferPointer
    let group: Int
    let peer: Int
    let tag: Int
  }

  @safe private struct OpenSend {
    let memory: UnsafeRawBufferPointer
    let copy: [UInt8]
    let peer: Int
    let group: Int
    let completeFrom: Int
  }

  @safe private struct OpenSum {
    let number: Int
    let values: UnsafeMutableBufferPointer<Float>
    let group: Int
  }

  package let rank: Int
  package let largestTag = 1 << 20
  package let activity = Activity()
  private let cluster: ThreadCluster
  private var receives: [OpenReceive] = []
  private var sends: [OpenSend] = []
  private var sums: [OpenSum] = []
  private var pendingCounts = [0]
  private var nextID = 0
  private var nextSum = 0
  private var polls = 0

  /// Made by the cluster, on the rank's own thread.
  init(cluster: ThreadCluster, rank: Int) {
    self.cluster = cluster
    self.rank = rank
  }

  package var size: Int { cluster.ranks }
  package var awaited: (peer: Int, tag: Int)? { receives.first.map { ($0.peer, $0.tag) } }
  package var host: String { ProcessInfo.processInfo.hostName }

  package func reserveGroups(_ count: Int) -> Int {
    defer { pendingCounts += Array(repeating: 0, count: count) }
    return pendingCounts.count
  }

  package func pending(group: Int) -> Int { pendingCounts[group] }

  package func send(_ bytes: UnsafeRawBufferPointer, to peer: Int, tag: Int, group: Int) throws(CommunicationError) {
    try check(peer, operation: "send")
    guard unsafe !bytes.isEmpty else { return }
    let copy = unsafe [UInt8](bytes)
    cluster.mailboxes[peer].put(copy, sender: rank, tag: tag, delay: delay(of: nextID, peer: peer))
    let completeFrom = polls + delay(of: nextID, peer: rank)
    unsafe sends.append(OpenSend(memory: bytes, copy: copy, peer: peer, group: group, completeFrom: completeFrom))
    open(group)
  }

  package func receive(
    into bytes: UnsafeMutableRawBufferPointer, from peer: Int, tag: Int, group: Int
  ) throws(CommunicationError) {
    try check(peer, operation: "receive")
    guard unsafe !bytes.isEmpty else { return }
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0xFF)
    unsafe receives.append(OpenReceive(id: nextID, memory: bytes, group: group, peer: peer, tag: tag))
    let awaited = Mailbox.Awaited(id: nextID, sender: peer, tag: tag, count: bytes.count)
    cluster.mailboxes[rank].await(awaited)
    open(group)
  }

  package func startSum(_ values: UnsafeMutableBufferPointer<Float>, group: Int) throws(CommunicationError) {
    try cluster.check()
    cluster.contribute(unsafe Array(values), to: nextSum, rank: rank)
    unsafe sums.append(OpenSum(number: nextSum, values: values, group: group))
    nextSum += 1
    open(group)
  }

  @discardableResult
  package func progress() throws(CommunicationError) -> Bool {
    try cluster.check()
    polls += 1
    let before = receives.count + sends.count + sums.count
    try finishSends()
    try finishReceives()
    finishSums()
    return receives.count + sends.count + sums.count < before
  }

  /// Ends all ranks: each one's next call throws, and `ThreadCluster.run` throws `.aborted`. This thread ends here
  /// and now, without returning through its callers, as a process would.
  package func abort(code: Int32) -> Never {
    cluster.fail(rank: rank, error: CommunicationError.aborted(rank: rank, code: code))
    cluster.end(rank: rank)
    pthread_exit(nil)
  }

  private func check(_ peer: Int, operation: String) throws(CommunicationError) {
    try cluster.check()
    guard peer >= 0, peer < size, peer != rank else {
      throw .failed(operation: operation, peer: peer, reason: "rank \(rank) of \(size) has no such peer")
    }
  }

  private func open(_ group: Int) {
    pendingCounts[group] += 1
    nextID += 1
  }

  /// How many polls message `id` to `peer` takes; a few messages take much longer than the others.
  private func delay(of id: Int, peer: Int) -> Int {
    guard let seed = cluster.seed else { return 0 }
    let words = [rank, peer, id]
    let hash = Digest.block(words.span, seed: seed)
    return hash % 16 == 0 ? 100 : Int(hash >> 32 & 3)
  }

  private func finishSends() throws(CommunicationError) {
    for send in sends where send.completeFrom <= polls {
      guard unsafe send.memory.elementsEqual(send.copy) else {
        throw .failed(operation: "send", peer: send.peer, reason: "the memory changed while it was being sent")
      }
      pendingCounts[send.group] -= 1
    }
    sends.removeAll { $0.completeFrom <= polls }
  }

  private func finishReceives() throws(CommunicationError) {
    for (receive, bytes) in cluster.mailboxes[rank].poll() {
      guard bytes.count == receive.count else {
        throw .wrongLength(
          peer: receive.sender, tag: receive.tag, expected: receive.count, received: bytes.count)
      }
      guard let index = receives.firstIndex(where: { $0.id == receive.id }) else { continue }
      let open = receives.remove(at: index)
      unsafe open.memory.copyBytes(from: bytes)
      pendingCounts[open.group] -= 1
    }
  }

  private func finishSums() {
    sums.removeAll { sum in
      guard let contributions = cluster.fetch(sum: sum.number) else { return false }
      add(contributions, into: sum)
      pendingCounts[sum.group] -= 1
      return true
    }
  }

  /// Adds in the order of the ranks, which is not the order of the tree.
  private func add(_ contributions: [Int: [Float]], into sum: OpenSum) {
    unsafe sum.values.update(repeating: 0)
    for rank in 0..<size {
      guard let values = contributions[rank], unsafe values.count == sum.values.count else { continue }
      for index in values.indices { unsafe sum.values[index] += values[index] }
    }
  }
}
