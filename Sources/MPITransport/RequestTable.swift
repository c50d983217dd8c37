internal import CMPI
internal import Collectives

/// All open requests of a communicator: one C array that MPI_Testsome looks at, and beside it what each request is.
/// It is allocated once and grows rarely.
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

  private var requests: UnsafeMutablePointer<MPI_Request?>
  private var entries: UnsafeMutablePointer<Entry>
  private var finished: UnsafeMutablePointer<Int32>
  private var statuses: UnsafeMutablePointer<MPI_Status>
  private var capacity: Int
  private(set) var count = 0
  private var pendingCounts = [0]

  /// An empty table with room for `capacity` requests.
  init(capacity: Int = 256) {
    self.capacity = capacity
    unsafe requests = .allocate(capacity: capacity)
    unsafe entries = .allocate(capacity: capacity)
    unsafe finished = .allocate(capacity: capacity)
    unsafe statuses = .allocate(capacity: capacity)
  }

  deinit {
    unsafe requests.deallocate()
    unsafe entries.deallocate()
    unsafe finished.deallocate()
    unsafe statuses.deallocate()
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
    if count == capacity { grow() }
    try unsafe MPIResult.check(call(requests + count), "\(entry.operation)", peer: entry.peer)
    unsafe (entries + count).initialize(to: entry)
    pendingCounts[entry.group] += 1
    count += 1
  }

  /// Lets MPI make progress and takes out what has completed; true if anything has (MPI 3.1, section 3.7.5).
  mutating func test() throws(CommunicationError) -> Bool {
    guard count > 0 else { return false }
    var finishedCount: Int32 = 0
    let code = unsafe MPI_Testsome(Int32(count), requests, &finishedCount, finished, statuses)
    guard code == MPI_SUCCESS || code == MPI_ERR_IN_STATUS else {
      throw .failed(operation: "MPI_Testsome", peer: nil, reason: MPIResult.text(code))
    }
    // MPI_UNDEFINED, a negative number, stands for "no request is active".
    guard finishedCount > 0 else { return false }
    for index in 0..<Int(finishedCount) {
      try close(unsafe Int(finished[index]), status: unsafe statuses[index], failed: code == MPI_ERR_IN_STATUS)
    }
    dropFinished()
    return true
  }

  /// Counts a request as finished after a look at how it ended. A truncated message is MPI's error, a short one ours.
  private mutating func close(_ index: Int, status: MPI_Status, failed: Bool) throws(CommunicationError) {
    let entry = unsafe entries[index]
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
    for index in 0..<count where unsafe requests[index] != cmpi_request_null() {
      unsafe requests[kept] = requests[index]
      unsafe entries[kept] = entries[index]
      kept += 1
    }
    count = kept
  }

  private mutating func grow() {
    unsafe requests = Self.moved(requests, count: count, capacity: 2 * capacity)
    unsafe entries = Self.moved(entries, count: count, capacity: 2 * capacity)
    unsafe finished = Self.moved(finished, count: 0, capacity: 2 * capacity)
    unsafe statuses = Self.moved(statuses, count: 0, capacity: 2 * capacity)
    capacity *= 2
  }

  private static func moved<Element>(
    _ old: UnsafeMutablePointer<Element>, count: Int, capacity: Int
  ) -> UnsafeMutablePointer<Element> {
    let new = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    unsafe new.moveInitialize(from: old, count: count)
    unsafe old.deallocate()
    return unsafe new
  }
}
