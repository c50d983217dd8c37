/// What is wrong with a document: one sentence with the file, the line, the key's path and the remedy.
package struct YAMLError: Error, CustomStringConvertible, Equatable {
  package let description: String

  /// An error with the given sentence.
  package init(_ description: String) { self.description = description }
}
