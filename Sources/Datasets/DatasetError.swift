/// What went wrong with a data set, in one sentence: what, where, and the remedy.
package struct DatasetError: Error, Hashable, CustomStringConvertible {
  package let message: String

  /// An error with its whole message.
  package init(_ message: String) { self.message = message }

  /// An error with its whole message.
  package init(message: String) { self.message = message }

  package var description: String { message }
}
