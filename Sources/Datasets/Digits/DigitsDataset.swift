/// Opens the built-in digits.
enum DigitsDataset {
  private static let trainCount = 20_000
  private static let testCount = 4_000
  private static let countLimit = 10_000_000

  /// As many digits as asked for; held-out samples come on top of the training samples.
  static func open(_ request: DatasetRequest) throws(DatasetError) -> OpenedSplits {
    let train = try count(request.trainCount ?? trainCount, "data.train-count")
    let test = try count(request.testCount ?? testCount, "data.test-count")
    let heldOut = try request.holdOut.map { (held) throws(DatasetError) in try count(held, "data.hold-out") }
    return OpenedSplits(
      train: DigitsSource(.train, count: train + (heldOut ?? 0)), test: DigitsSource(.test, count: test),
      withoutTest: "digits: there is no test split; remove data.hold-out")
  }

  private static func count(_ count: Int, _ key: String) throws(DatasetError) -> Int {
    guard (1...countLimit).contains(count) else {
      throw DatasetError("\(key) is \(count); set it to 1...\(countLimit)")
    }
    return count
  }
}
