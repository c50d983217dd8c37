/// The numbers of a tensor, row by row (the last index runs fastest).
package enum TensorElements: Sendable, Equatable {
  case float32([Float]), int64([Int64])

  /// The number of elements.
  package var count: Int {
    switch self {
    case .float32(let values): values.count
    case .int64(let values): values.count
    }
  }

  /// The bytes that the elements take, in memory and in a file.
  package var byteCount: Int { count * type.width }
}

/// A tensor as files know it: a name, a shape and numbers. A scalar has the shape [].
package struct NamedTensor: Sendable, Equatable {
  /// The name, such as `conv1.weight`.
  package var name: String
  /// The sizes of the axes, outermost first; their product is the number of elements.
  package var shape: [Int]
  /// The numbers.
  package var elements: TensorElements

  /// A tensor; `shape` multiplies up to the number of elements.
  package init(name: String, shape: [Int], elements: TensorElements) {
    self.name = name
    self.shape = shape
    self.elements = elements
  }
}

extension [NamedTensor] {
  /// The tensors in the order of their names' UTF-8 bytes, which is the same in every language.
  package func inNameOrder() -> [NamedTensor] {
    sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }
}
