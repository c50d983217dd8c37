/// Opens data sets.
package enum DatasetCatalog {
  /// The most samples that a split may have: sample numbers are drawn as 32-bit numbers.
  static let sampleLimit = Int(UInt32.max)

  /// Opens what is asked for and checks it as far as that is cheap; with `DamagePolicy.skip` reads all of it once.
  package static func open(_ request: DatasetRequest) throws(DatasetError) -> Dataset {
    var splits = try files(of: request)
    if request.holdOut != nil { splits.test = nil }
    var notes = splits.leftOut.notes
    notes += try DamageRules.settle(&splits, request)
    try holdOut(&splits, request)
    guard let test = splits.test else { throw DatasetError(splits.withoutTest) }
    let train = try chosen(splits.train, request.trainCount, "data.train-count", request.seed, .train)
    if request.format != .digits { notes += ClassRules.notes(on: train, request) }
    return Dataset(
      train: train, test: try chosen(test, request.testCount, "data.test-count", request.seed, .test),
      name: name(of: request), notes: notes, leftOut: splits.leftOut)
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
