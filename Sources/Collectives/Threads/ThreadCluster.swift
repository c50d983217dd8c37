internal import Dispatch
internal import Foundation
internal import Synchronization

/// A cluster inside one process, for tests: each rank is a thread.
package final class ThreadCluster: Sendable {
  /// A rank that failed and ended the others.
  struct Failure: Sendable {
    let rank: Int
    let error: any Error
  }

  /// A sum over all ranks that is not yet fetched by all of them.
  struct Sum: Sendable {
    var contributions: [Int: [Float]] = [:]
    var fetched = 0
  }

  /// The number of ranks.
  let ranks: Int
  /// Delays deliveries at random, if given.
  let seed: UInt64?
  /// One mailbox for each rank.
  let mailboxes: [Mailbox]
  private let sums = Mutex<[Int: Sum]>([:])
  private let failure = Mutex<Failure?>(nil)
  private let ended = Mutex<Set<Int>>([])
  private let endOfRank = DispatchSemaphore(value: 0)

  private init(ranks: Int, seed: UInt64?) {
    precondition(ranks > 0, "a cluster needs a rank")
    self.ranks = ranks
    self.seed = seed
    self.mailboxes = (0..<ranks).map { _ in Mailbox() }
  }

  /// Runs `body` once per rank, each on a thread of its own with a stack of 8 MB, and returns what they return, in the
  /// order of the ranks.
  ///
  /// - Parameters:
  ///   - deadline: after this long all ranks are told to end, and the error names what each of them waits for. A
  ///     thread that does not use its communicator by then is left behind.
  ///   - seed: delays messages between different pairs of ranks at random, so that they arrive in another order.
  /// - Throws: the error of the rank that failed first; the others end with their next use of the communicator. If none
  ///   failed, `unreceived` if a message was left behind.
  @discardableResult
  package static func run<Result: Sendable>(
    ranks: Int, deadline: Duration = .seconds(60), seed: UInt64? = nil,
    _ body: @escaping @Sendable (ThreadCommunicator) throws -> Result
  ) throws -> [Result] {
    let cluster = ThreadCluster(ranks: ranks, seed: seed)
    let results = ResultTable<Result>()
    for rank in 0..<ranks { cluster.start(rank, body, storingInto: results) }
    try cluster.join(within: deadline)
    if let failure = cluster.failure.withLock({ $0 }) { throw failure.error }
    try cluster.checkAllReceived()
    return results.inOrder(ranks: ranks)
  }

  private func start<Result: Sendable>(
    _ rank: Int, _ body: @escaping @Sendable (ThreadCommunicator) throws -> Result,
    storingInto results: ResultTable<Result>
  ) {
    let thread = Thread {
      do {
        results.store(try body(ThreadCommunicator(cluster: self, rank: rank)), rank: rank)
      } catch {
        self.fail(rank: rank, error: error)
      }
      self.end(rank: rank)
    }
    thread.stackSize = 8 << 20
    thread.start()
  }

  private func join(within duration: Duration) throws {
    if waitForEnd(within: duration) { return }
    let overdue = CommunicationError.overdue(awaited: describeWaiting())
    fail(rank: 0, error: overdue)
    _ = waitForEnd(within: .seconds(1))
    throw overdue
  }

  private func waitForEnd(within duration: Duration) -> Bool {
    let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    let limit = DispatchTime.now() + seconds
    while ended.withLock({ $0.count }) < ranks {
      if endOfRank.wait(timeout: limit) == .timedOut { return false }
    }
    return true
  }

  /// MPI may wait for ever at its end for a rank that sends to one that has ended; here that is an error.
  private func checkAllReceived() throws(CommunicationError) {
    for (rank, mailbox) in mailboxes.enumerated() {
      if let messages = mailbox.leftBehind { throw .unreceived("\(messages) to rank \(rank)") }
    }
  }

  private func describeWaiting() -> String {
    let ended = ended.withLock { $0 }
    return (0..<ranks).filter { !ended.contains($0) }.map { rank in
      let sum = sums.withLock { $0.values.contains { $0.contributions[rank] != nil } } ? " and for a sum" : ""
      return "rank \(rank) waits for \(mailboxes[rank].description)\(sum)"
    }.joined(separator: "; ")
  }

  /// Remembers the first failure; every rank's next use of its communicator throws.
  func fail(rank: Int, error: any Error) {
    failure.withLock { if $0 == nil { $0 = Failure(rank: rank, error: error) } }
  }

  /// Throws if a rank has failed.
  func check() throws(CommunicationError) {
    guard let failure = failure.withLock({ $0 }) else { return }
    if let error = failure.error as? CommunicationError, case .aborted = error { throw error }
    throw .failed(operation: "the exchange", peer: failure.rank, reason: "\(failure.error)")
  }

  /// The thread of `rank` is about to end.
  func end(rank: Int) {
    _ = ended.withLock { $0.insert(rank) }
    endOfRank.signal()
  }

  /// Adds one rank's values to the sum with this number.
  func contribute(_ values: [Float], to sum: Int, rank: Int) {
    sums.withLock { $0[sum, default: Sum()].contributions[rank] = values }
  }

  /// The values of all ranks of the sum with this number, once they are there. Each rank fetches them once.
  func fetch(sum: Int) -> [Int: [Float]]? {
    sums.withLock { sums in
      guard let complete = sums[sum], complete.contributions.count == ranks else { return nil }
      sums[sum]?.fetched += 1
      if complete.fetched + 1 == ranks { sums[sum] = nil }
      return complete.contributions
    }
  }
}

/// What the ranks of a cluster return.
private final class ResultTable<Result: Sendable>: Sendable {
  private let results = Mutex<[Int: Result]>([:])

  func store(_ result: Result, rank: Int) {
    results.withLock { $0[rank] = result }
  }

  func inOrder(ranks: Int) -> [Result] {
    let stored = results.withLock { $0 }
    return (0..<ranks).compactMap { stored[$0] }
  }
}
