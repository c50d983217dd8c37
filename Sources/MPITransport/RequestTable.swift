internal import CMPI
internal import Collectives

/// All open requests of a communicator: one array that MPI_Testsome looks at, and beside it what each request is. They
/// grow to the most requests of a step and stay so.
@safe
struct RequestTable: ~Copyable {
  /// What a request does.
  struct Entry {
    /// The name of the MPI call, for errors.
    let operation: StaticString
    /// The other rank; nil for a sum.
    let peer: Int?
    /// The message's tag.
    let tag: Int
    /// The length that a received message must have, in bytes; nil for what is not received.
    let expected: Int?
    /// The group it is counted in.
    let group: Int
  }

  private var requests: [MPI_Request?] = unsafe []
  private var entries: [Entry] = []
  private var pendingCounts = [0]
  /// Room for what MPI_Testsome tells.
  private var finished: [Int32] = []
  private var statuses: [MPI_Status] = []

  /// The open requests.
  var count: Int { entries.count }

  /// The receive that has been open for longest, or else the send.
  var awaited: (peer: Int, tag: Int)? {
    guard let entry = entries.first(where: { $0.expected != nil }) ?? entries.first else { return nil }
    return entry.peer.map { ($0, entry.tag) }
  }

  /// Reserves `count` groups and returns the first.
  mutating func reserveGroups(_ count: Int) -> Int {
    defer { pendingCounts += Array(repeating: 0, count: count) }
    return pendingCounts.count
  }

  /// The open requests of `group`.
  func pending(group: Int) -> Int { pendingCounts[group] }

  /// Runs an MPI call that starts a request and takes the request over.
  mutating func start(
    _ entry: Entry, _ call: (UnsafeMutablePointer<MPI_Request?>) -> Int32
  ) throws(CommunicationError) {
    var request: MPI_Request?
    try unsafe MPIResult.check(call(&request), "\(entry.operation)", peer: entry.peer)
    unsafe requests.append(request)
    entries.append(entry)
    pendingCounts[entry.group] += 1
    if finished.count < entries.count {
      finished.append(0)
      statuses.append(MPI_Status())
    }
  }

  /// Lets MPI make progress and takes out what has completed; true if anything has (MPI 3.1, section 3.7.5).
  mutating func test() throws(CommunicationError) -> Bool {
    guard count > 0 else { return false }
    var finishedCount: Int32 = 0
    let code = unsafe MPI_Testsome(Int32(count), &requests, &finishedCount, &finished, &statuses)
    guard code == MPI_SUCCESS || code == MPI_ERR_IN_STATUS else {
      throw .failed(operation: "MPI_Testsome", peer: nil, reason: MPIResult.text(code))
    }
    // MPI_UNDEFINED, a negative number, stands for "no request is active".
    guard finishedCount > 0 else { return false }
    for index in 0..<Int(finishedCount) {
      try close(entries[Int(finished[index])], status: statuses[index], failed: code == MPI_ERR_IN_STATUS)
    }
    dropFinished()
    return true
  }

  /// Counts a request as finished after a look at how it ended. A truncated message is MPI's error, a short one ours.
  private mutating func close(_ entry: Entry, status: MPI_Status, failed: Bool) throws(CommunicationError) {
    if failed { try MPIResult.check(status.MPI_ERROR, "\(entry.operation)", peer: entry.peer) }
    if let expected = entry.expected { try Self.checkLength(of: status, expected, entry) }
    pendingCounts[entry.group] -= 1
  }

  private static func checkLength(
    of status: MPI_Status, _ expected: Int, _ entry: Entry
  ) throws(CommunicationError) {
    var status = status
    var received: Int32 = 0
    try unsafe MPIResult.check(MPI_Get_count(&status, cmpi_byte(), &received), "MPI_Get_count", peer: entry.peer)
    guard Int(received) == expected else {
      throw .wrongLength(
        peer: entry.peer ?? -1, tag: entry.tag, expected: expected, received: Int(received))
    }
  }

  /// Closes the gaps; MPI has set finished requests to MPI_REQUEST_NULL.
  private mutating func dropFinished() {
    var kept = 0
    for index in entries.indices where unsafe requests[index] != cmpi_request_null() {
      unsafe requests[kept] = requests[index]
      entries[kept] = entries[index]
      kept += 1
    }
    unsafe requests.removeLast(requests.count - kept)
    entries.removeLast(entries.count - kept)
  }
}
