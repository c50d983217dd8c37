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
    let limit = classNames.count
    if let index = labelBytes.firstIndex(where: { Int($0) >= limit }) { throw labelDamage(at: index) }
  }
}
