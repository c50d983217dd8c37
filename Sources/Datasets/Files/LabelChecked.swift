import Network

/// A source whose labels are bytes of a file, which may be damaged.
protocol LabelChecked: SampleSource {
  /// The labels as they stand in the file.
  var labelBytes: [UInt8] { get }

  /// The error that names the bad label of sample `index`.
  func labelDamage(at index: Int) -> DatasetError
}

extension LabelChecked {
  /// The label of sample `index`, or the error that names it.
  func checkedLabel(of index: Int) throws(DatasetError) -> Int {
    guard Int(labelBytes[index]) < classNames.count else { throw labelDamage(at: index) }
    return Int(labelBytes[index])
  }

  /// Fails at the first label that names no class.
  func checkLabels() throws(DatasetError) {
    for index in labelBytes.indices { _ = try checkedLabel(of: index) }
  }
}

extension Fingerprint {
  /// Adds the pixels of a few samples spread over the source; one that cannot be read adds nothing.
  mutating func combinePixels(of source: any SampleSource) {
    var picture = [UInt8](repeating: 0, count: source.shape.count)
    for part in 0..<8 {
      var pixels = picture.mutableSpan
      guard (try? source.read(part * (source.count - 1) / 7, into: &pixels)) != nil else { continue }
      combine(picture)
    }
  }
}
