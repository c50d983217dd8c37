/// Opens data sets.
package enum DatasetCatalog {
  /// The most samples that a split may have: sample numbers are drawn as 32-bit numbers.
  static let sampleLimit = Int(UInt32.max)

  /// Opens what is asked for and checks it as far as that is cheap; with `DamagePolicy.skip` reads all of it once.
  package static func open(_ request: DatasetRequest) throws(DatasetError) -> Dataset {
    var splits = try files(of: request)
    if request.holdOut != nil { splits.test = nil }
    let skipped = try settleDamage(&splits, request)
    try holdOut(&splits, request)
    guard let test = splits.test else { throw DatasetError(splits.withoutTest) }
    return Dataset(
      train: try chosen(splits.train, request.trainCount, "data.train-count", request.seed, .train),
      test: try chosen(test, request.testCount, "data.test-count", request.seed, .test),
      name: name(of: request), notes: skipped)
  }

  private static func name(of request: DatasetRequest) -> String {
    request.format == .digits ? "digits" : "\(request.format.rawValue) \(request.path ?? "")"
  }

  private static func files(of request: DatasetRequest) throws(DatasetError) -> OpenedSplits {
    let splits =
      switch request.format {
      case .digits: try DigitsDataset.open(request)
      case .idx: try IDXDataset.open(request)
      case .cifar10: try CIFARDataset.open(request, .ten)
      case .cifar100: try CIFARDataset.open(request, .hundred)
      case .imageFolder: try ImageDataset.openFolder(request)
      case .tar: try ImageDataset.openArchive(request)
      }
    if request.format != .imageFolder, request.format != .tar { try request.checkFixedShape(of: splits.train) }
    guard max(splits.train.count, splits.test?.count ?? 0) <= sampleLimit else {
      throw DatasetError("\(name(of: request)): more than \(sampleLimit) samples; split the data set")
    }
    return splits
  }

  /// Fails at a bad label or, if damage is to be skipped, leaves out what cannot be read.
  private static func settleDamage(
    _ splits: inout OpenedSplits, _ request: DatasetRequest
  ) throws(DatasetError) -> [String] {
    if request.onDamage == .fail {
      try (splits.train as? any LabelChecked)?.checkLabels()
      try (splits.test as? any LabelChecked)?.checkLabels()
      return []
    }
    let (train, damageOfTrain) = try intact(splits.train)
    splits.train = train
    guard let test = splits.test else { return damageOfTrain }
    let (intactTest, damageOfTest) = try intact(test)
    splits.test = intactTest
    return damageOfTrain + damageOfTest
  }

  private static func intact(_ source: any SampleSource) throws(DatasetError) -> (any SampleSource, [String]) {
    let damages = DatasetVerifier.damages(of: source) { _ in }
    guard let first = damages.first else { return (source, []) }
    guard damages.count <= source.count / 2 else {
      throw DatasetError("\(damages.count) of \(source.count) samples are damaged, the first: \(first.message)")
    }
    let damaged = Set(damages.map(\.index))
    return (SubsetSource(source, (0..<source.count).filter { !damaged.contains($0) }), damages.map(\.message))
  }

  private static func holdOut(_ splits: inout OpenedSplits, _ request: DatasetRequest) throws(DatasetError) {
    guard let count = request.holdOut else { return }
    let train = splits.train
    guard count >= 1, count < train.count else {
      throw DatasetError("data.hold-out is \(count); set it to 1...\(train.count - 1), of \(train.count) samples")
    }
    let (test, rest) = SampleChoice.choose(count, of: train.count, seed: request.seed, for: .holdOut)
    splits.train = SubsetSource(train, rest)
    splits.test = SubsetSource(train, test)
  }

  private static func chosen(
    _ source: any SampleSource, _ count: Int?, _ key: String, _ seed: UInt64, _ use: SampleChoice.Use
  ) throws(DatasetError) -> any SampleSource {
    guard let count, count != source.count else { return source }
    guard count >= 1, count <= source.count else {
      throw DatasetError("\(key) is \(count); set it to 1...\(source.count), the number of samples there are")
    }
    return SubsetSource(source, SampleChoice.choose(count, of: source.count, seed: seed, for: use).chosen)
  }
}
