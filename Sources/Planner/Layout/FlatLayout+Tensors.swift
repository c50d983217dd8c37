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
    for place in parameter.places { values.append(flat[place]) }
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
    for (value, place) in zip(values, parameter.places) { flat[place] = value }
  }
}

extension FlatLayout.Parameter {
  /// The place in the flat buffer of each element, the elements being in the order of files. Computed as it is read: a list
  /// of them would take twice the memory of the parameter itself.
  package var places: some Sequence<Int> { range.indices.lazy.map { place(of: $0 - range.lowerBound) } }

  /// In files [out, in, position of the kernel], in memory [out, position of the kernel, in].
  private func place(of element: Int) -> Int {
    guard description.arrangement == .channelsLast else { return range.lowerBound + element }
    let (inputs, count) = (description.shape[1], description.shape.dropFirst().reduce(1, *))
    let positions = count / inputs
    let (output, inner) = element.quotientAndRemainder(dividingBy: count)
    let (input, position) = inner.quotientAndRemainder(dividingBy: positions)
    return range.lowerBound + output * count + position * inputs + input
  }
}
