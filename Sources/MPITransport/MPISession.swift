// MPITransport: the communicator over MPI, the only place that calls it, and what tells that MPI has launched this
// process.

internal import CMPI
internal import Collectives
internal import Foundation

/// The time between MPI_Init_thread and MPI_Finalize.
package enum MPISession {
  /// Whether this process was started by an MPI launcher, from its environment alone. A run without `mpirun` must not
  /// call MPI at all.
  package static var isLaunched: Bool { isLaunched(in: ProcessInfo.processInfo.environment) }

  /// Whether a process with this environment was started by an MPI launcher.
  ///
  /// Slurm's own variables prove nothing: each process of a batch job has them. `srun --mpi` adds those of PMI.
  package static func isLaunched(in environment: [String: String]) -> Bool {
    ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"].contains { environment[$0] != nil }
  }

  /// Starts MPI, runs `body` with all ranks of the job, and ends MPI, also when `body` throws.
  ///
  /// MPI ends for all ranks together, so a rank that throws while the others go on must call `abort` instead. When
  /// `body` throws with messages still under way, MPI is not ended: it would wait for them for ever. The process then
  /// ends without MPI_Finalize, which the launcher notices and ends the job.
  ///
  /// May be called once, on the main thread: MPI cannot be started again (MPI 3.1, section 8.7).
  package static func run<Result>(_ body: (MPICommunicator) throws -> Result) throws -> Result {
    try start()
    let world = try MPICommunicator()
    let result: Result
    do {
      result = try body(world)
    } catch {
      if world.isIdle { MPI_Finalize() }
      throw error
    }
    precondition(world.isIdle, "messages are still under way at the end of the session")
    try MPIResult.check(MPI_Finalize(), "MPI_Finalize")
    return result
  }

  private static func start() throws(CommunicationError) {
    var isStarted: Int32 = 0
    try unsafe MPIResult.check(MPI_Initialized(&isStarted), "MPI_Initialized")
    guard isStarted == 0 else {
      throw .failed(operation: "MPI_Init_thread", peer: nil, reason: "MPI was already started in this process")
    }
    var offered: Int32 = 0
    let needed = Int32(MPI_THREAD_FUNNELED)
    try unsafe MPIResult.check(MPI_Init_thread(nil, nil, needed, &offered), "MPI_Init_thread")
    guard offered >= needed else {
      throw .failed(
        operation: "MPI_Init_thread", peer: nil,
        reason: "this MPI library does not offer MPI_THREAD_FUNNELED to a program with threads; install another build")
    }
  }
}

/// Turns the return codes of MPI calls into errors (MPI 3.1, section 8.4).
enum MPIResult {
  /// Throws unless `code` is MPI_SUCCESS. The name of the operation is made up only then, since each step makes
  /// thousands of calls.
  static func check(
    _ code: Int32, _ operation: @autoclosure () -> String, peer: Int? = nil
  ) throws(CommunicationError) {
    guard code == MPI_SUCCESS else { throw .failed(operation: operation(), peer: peer, reason: text(code)) }
  }

  /// MPI's own words for an error code.
  static func text(_ code: Int32) -> String {
    var length: Int32 = 0
    var characters = [CChar](repeating: 0, count: Int(MPI_MAX_ERROR_STRING) + 1)
    guard unsafe MPI_Error_string(code, &characters, &length) == MPI_SUCCESS else { return "MPI error \(code)" }
    return string(characters, length: length)
  }

  /// The text in a buffer that an MPI call has filled.
  static func string(_ characters: [CChar], length: Int32) -> String {
    String(decoding: characters.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
