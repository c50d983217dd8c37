/// What the classes of a data set must be for a network to learn to tell them apart.
enum ClassRules {
  private static let classesNamed = 5

  /// The labels of the classes that no sample has.
  static func empty(of source: any SampleSource) -> [Int] {
    var isPresent = [Bool](repeating: false, count: source.classNames.count)
    for index in 0..<source.count {
      let label = source.label(of: index)
      if isPresent.indices.contains(label) { isPresent[label] = true }
    }
    return isPresent.indices.filter { !isPresent[$0] }
  }

  /// What to tell a user about the classes of the training samples that are left in the end.
  static func notes(on train: any SampleSource, _ request: DatasetRequest) -> [String] {
    if train.classNames.count == 1 { return ["the data has one class, '\(train.classNames[0])'"] }
    let empty = empty(of: train)
    guard !empty.isEmpty else { return [] }
    let named = empty.prefix(classesNamed).map { "'\(train.classNames[$0])'" }.joined(separator: ", ")
    let others = empty.count > classesNamed ? " and \(empty.count - classesNamed) others" : ""
    let cause = [("data.hold-out", request.holdOut), ("data.train-count", request.trainCount)].filter { $0.1 != nil }
    let reason = cause.isEmpty ? "" : " (after \(cause.map(\.0).joined(separator: " and ")))"
    return ["no training sample is left of the class \(named)\(others)\(reason), so that it cannot be learnt"]
  }
}

extension Dataset {
  /// Fails if there is nothing to learn: with one class every answer is right.
  package func checkClasses() throws(DatasetError) {
    guard train.classNames.count == 1 else { return }
    throw DatasetError(
      "\(name): the data has one class, '\(train.classNames[0])', and a network learns to tell at least two classes "
        + "apart; add the others, or check data.path")
  }
}
