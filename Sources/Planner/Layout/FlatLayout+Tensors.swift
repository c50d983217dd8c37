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
    let places = parameter.places
    precondition(values.count == places.count, "\(parameter.name) has \(places.count) elements, not \(values.count)")
    for (value, place) in zip(values, places) { flat[place] = value }
  }
}

extension FlatLayout.Parameter {
  /// The place in the flat buffer of each element, the elements being in the order of files.
  package var places: [Int] {
    switch description.arrangement {
    case .plain: Array(range)
    case .channelsLast: channelsLastPlaces
    }
  }

  /// In files [out, in, position of the kernel], in memory [out, position of the kernel, in].
  private var channelsLastPlaces: [Int] {
    let (outputs, inputs) = (description.shape[0], description.shape[1])
    let positions = description.shape.dropFirst(2).reduce(1, *)
    var places: [Int] = []
    places.reserveCapacity(range.count)
    for output in 0..<outputs {
      for input in 0..<inputs {
        for position in 0..<positions {
          places.append(range.lowerBound + (output * positions + position) * inputs + input)
        }
      }
    }
    return places
  }
}
