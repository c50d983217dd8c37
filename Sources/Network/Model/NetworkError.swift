/// Why a network cannot be built: the layer's path, both shapes, and the remedy, in one sentence.
package struct NetworkError: Error, CustomStringConvertible, Equatable {
  package let description: String

  /// An error with the given sentence.
  package init(_ description: String) { self.description = description }
}
