internal import CMPI
package import Collectives
internal import Foundation

/// All ranks of an MPI job. Made by `MPISession.run`, which also ends it.
@safe
package final class MPICommunicator: Communicator {
  package let rank: Int
  package let size: Int
  package let host: String
  package let largestTag: Int
  package let activity = Activity()
  /// The number of ranks on this machine.
  package let localRanks: Int
  /// This rank's place among those on this machine.
  package let localRank: Int
  private let world: MPI_Comm
  private var requests = RequestTable()

  /// Reads what MPI knows about the job. All ranks call it together.
  init() throws(CommunicationError) {
    let world: MPI_Comm = unsafe cmpi_comm_world()
    unsafe self.world = world
    try unsafe MPIResult.check(MPI_Comm_set_errhandler(world, cmpi_errors_return()), "MPI_Comm_set_errhandler")
    self.rank = try unsafe Facts.rank(in: world)
    self.size = try unsafe Facts.size(of: world)
    self.host = try Facts.host()
    self.largestTag = try unsafe Facts.largestTag(of: world)
    (self.localRanks, self.localRank) = try unsafe Facts.local(in: world)
  }

  package var awaited: (peer: Int, tag: Int)? { requests.awaited }

  /// Whether no request is open.
  var isIdle: Bool { requests.count == 0 }

  package func reserveGroups(_ count: Int) -> Int { requests.reserveGroups(count) }

  package func pending(group: Int) -> Int { requests.pending(group: group) }

  package func send(_ bytes: UnsafeRawBufferPointer, to peer: Int, tag: Int, group: Int) throws(CommunicationError) {
    guard unsafe !bytes.isEmpty else { return }
    let count = try Self.length(bytes.count)
    let entry = RequestTable.Entry(operation: "MPI_Isend", peer: peer, tag: tag, expected: nil, group: group)
    try unsafe requests.start(entry) { request in
      unsafe MPI_Isend(bytes.baseAddress, count, cmpi_byte(), Int32(peer), Int32(tag), world, request)
    }
  }

  package func receive(
    into bytes: UnsafeMutableRawBufferPointer, from peer: Int, tag: Int, group: Int
  ) throws(CommunicationError) {
    guard unsafe !bytes.isEmpty else { return }
    let count = try Self.length(bytes.count)
    let entry = RequestTable.Entry(
      operation: "MPI_Irecv", peer: peer, tag: tag, expected: bytes.count, group: group)
    try unsafe requests.start(entry) { request in
      unsafe MPI_Irecv(bytes.baseAddress, count, cmpi_byte(), Int32(peer), Int32(tag), world, request)
    }
  }

  package func startSum(_ values: UnsafeMutableBufferPointer<Float>, group: Int) throws(CommunicationError) {
    guard !values.isEmpty else { return }
    let count = try Self.length(values.count)
    let entry = RequestTable.Entry(operation: "MPI_Iallreduce", peer: nil, tag: 0, expected: nil, group: group)
    try unsafe requests.start(entry) { request in
      unsafe MPI_Iallreduce(cmpi_in_place(), values.baseAddress, count, cmpi_float(), cmpi_sum(), world, request)
    }
  }

  @discardableResult
  package func progress() throws(CommunicationError) -> Bool { try requests.test() }

  package func abort(code: Int32) -> Never {
    unsafe MPI_Abort(world, code)
    // MPI_Abort does not return; the compiler does not know.
    exit(code)
  }

  /// MPI counts in 32 bits.
  private static func length(_ count: Int) throws(CommunicationError) -> Int32 {
    guard let length = Int32(exactly: count) else {
      throw .tooLarge("a message of \(count) elements is longer than MPI can count; choose a smaller exchange.bucket")
    }
    return length
  }
}

/// What MPI tells about the job (MPI 3.1, chapters 6 and 8).
private enum Facts {
  static func rank(in world: MPI_Comm) throws(CommunicationError) -> Int {
    var rank: Int32 = 0
    try unsafe MPIResult.check(MPI_Comm_rank(world, &rank), "MPI_Comm_rank")
    return Int(rank)
  }

  static func size(of world: MPI_Comm) throws(CommunicationError) -> Int {
    var size: Int32 = 0
    try unsafe MPIResult.check(MPI_Comm_size(world, &size), "MPI_Comm_size")
    return Int(size)
  }

  static func host() throws(CommunicationError) -> String {
    var length: Int32 = 0
    var name = [CChar](repeating: 0, count: Int(MPI_MAX_PROCESSOR_NAME) + 1)
    try unsafe MPIResult.check(MPI_Get_processor_name(&name, &length), "MPI_Get_processor_name")
    return MPIResult.string(name, length: length)
  }

  static func largestTag(of world: MPI_Comm) throws(CommunicationError) -> Int {
    var value: UnsafeMutablePointer<Int32>?
    var isSet: Int32 = 0
    let code = unsafe MPI_Comm_get_attr(world, Int32(MPI_TAG_UB), &value, &isSet)
    try MPIResult.check(code, "MPI_Comm_get_attr")
    // 32767 is what the standard promises at least.
    guard isSet != 0, let largest = unsafe value else { return 32_767 }
    return unsafe Int(largest.pointee)
  }

  /// The number of ranks that share memory with this one, and its place among them.
  static func local(in world: MPI_Comm) throws(CommunicationError) -> (ranks: Int, rank: Int) {
    var machine: MPI_Comm?
    let code = unsafe MPI_Comm_split_type(world, Int32(MPI_COMM_TYPE_SHARED), 0, cmpi_info_null(), &machine)
    try MPIResult.check(code, "MPI_Comm_split_type")
    guard let shared = unsafe machine else { return (1, 0) }
    let place = (ranks: try unsafe size(of: shared), rank: try unsafe rank(in: shared))
    try unsafe MPIResult.check(MPI_Comm_free(&machine), "MPI_Comm_free")
    return place
  }
}
