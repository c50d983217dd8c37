internal import CMPI
internal import Collectives

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
