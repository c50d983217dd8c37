import Foundation

/// A file operation that the operating system, or a check of ours, refused.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What could not be done, as a participle: "written", "opened", "renamed".
  package let operation: String
  /// The file or directory.
  package let path: String
  /// The system's error number (`ENOSPC`, …); 0 where the refusal is our own.
  package let code: Int32
  /// Why, in the system's words.
  package let reason: String

  /// The failure of a system call that left `code` in `errno`.
  package init(_ operation: String, _ path: String, code: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.code = code
    self.reason = unsafe String(cString: strerror(code))
  }

  /// A refusal of our own.
  package init(_ operation: String, _ path: String, reason: String) {
    self.operation = operation
    self.path = path
    self.code = 0
    self.reason = reason
  }

  package var description: String { "\(path) could not be \(operation): \(reason)" }
}
