import Network

extension FlatLayout {
  /// The values of one tensor in the order of files (PyTorch's).
  ///
  /// - Parameters:
  ///   - parameter: a parameter of this layout.
  ///   - flat: a whole flat buffer.
  package func fileOrder(_ parameter: Parameter, from flat: Span<Float>) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(parameter.range.count)
    for index in parameter.indices { values.append(flat[index]) }
    return values
  }

  /// Puts the values of one tensor, given in the order of files, into a flat buffer: the inverse of `fileOrder`.
  ///
  /// - Parameters:
  ///   - values: as many as the parameter has elements.
  ///   - parameter: a parameter of this layout.
  ///   - flat: a whole flat buffer.
  package func store(_ values: [Float], of parameter: Parameter, into flat: inout MutableSpan<Float>) {
    precondition(
      values.count == parameter.range.count,
      "\(parameter.name) has \(parameter.range.count) elements, not \(values.count)")
    for (value, index) in zip(values, parameter.indices) { flat[index] = value }
  }
}

extension FlatLayout.Parameter {
  /// The index in the flat buffer of each element, the elements being in the order of files. Computed as it is read: a
  /// list of them would take twice the memory of the parameter itself.
  package var indices: some Sequence<Int> {
    // In files [out, in, position of the kernel], in memory [out, position of the kernel, in]; what is not rearranged
    // is like a kernel of one position.
    let shape = description.shape
    let (inputs, positions) =
      description.arrangement == .channelsLast ? (shape[1], shape[2...].reduce(1, *)) : (range.count, 1)
    let filter = inputs * positions
    return range.indices.lazy.map { [range] index in
      let (output, inner) = (index - range.lowerBound).quotientAndRemainder(dividingBy: filter)
      let (input, position) = inner.quotientAndRemainder(dividingBy: positions)
      return range.lowerBound + output * filter + position * inputs + input
    }
  }
}
