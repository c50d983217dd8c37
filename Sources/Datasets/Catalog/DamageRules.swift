/// What happens to samples that cannot be read when a data set is opened.
enum DamageRules {
  /// Fails at a bad label or, if damage is to be skipped, leaves out what cannot be read. Returns what to tell a user.
  static func settle(_ splits: inout OpenedSplits, _ request: DatasetRequest) throws(DatasetError) -> [String] {
    if request.isSurvey { return [] }
    if request.onDamage == .fail {
      try (splits.train as? any LabelChecked)?.checkLabels()
      try (splits.test as? any LabelChecked)?.checkLabels()
      return []
    }
    let (train, noteOnTrain) = try intact(splits.train, "training")
    try checkClasses(of: train, before: splits.train)
    splits.train = train
    guard let test = splits.test else { return [noteOnTrain].compactMap(\.self) }
    let (intactTest, noteOnTest) = try intact(test, "test")
    splits.test = intactTest
    return [noteOnTrain, noteOnTest].compactMap(\.self)
  }

  /// The samples that can be read, and a sentence on the others.
  private static func intact(
    _ source: any SampleSource, _ split: String
  ) throws(DatasetError) -> (source: any SampleSource, note: String?) {
    let problems = DatasetVerifier.problems(of: source) { _ in }
    guard let first = problems.first else { return (source, nil) }
    guard problems.count <= source.count / 2 else {
      throw DatasetError(
        "\(problems.count) of \(source.count) \(split) samples are damaged or cannot be used, the first: "
          + first.message)
    }
    let damaged = Set(problems.map(\.index))
    let named = problems.prefix(3).map { source.name(of: $0.index) }.joined(separator: ", ")
    let others = problems.count > 3 ? " and \(problems.count - 3) others" : ""
    return (
      SubsetSource(source, (0..<source.count).filter { !damaged.contains($0) }),
      "left out: \(problems.count) of \(source.count) \(split) samples, which are damaged or cannot be used: \(named)"
        + "\(others); cnn-dist data verify tells why"
    )
  }

  /// A class of which nothing is left cannot be learnt; who asked for damage to be skipped did not ask for that.
  private static func checkClasses(
    of rest: any SampleSource, before all: any SampleSource
  ) throws(DatasetError) {
    guard rest.count < all.count else { return }
    let lost = Set(ClassRules.empty(of: rest)).subtracting(ClassRules.empty(of: all)).sorted()
    guard let first = lost.first else { return }
    let others = lost.count > 1 ? " (and of \(lost.count - 1) other classes)" : ""
    throw DatasetError(
      "all training samples of the class '\(all.classNames[first])'\(others) are damaged and left out, so that it is "
        + "empty; replace them, or remove the class")
  }
}
