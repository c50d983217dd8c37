import Operators

/// One split of CIFAR: the records of one or several files, in their order.
struct CIFARSource: SampleSource, LabelChecked {
  let shape = Shape(channels: 3, height: CIFARLayout.side, width: CIFARLayout.side)
  let classNames: [String]
  let labelBytes: [UInt8]
  private let layout: CIFARLayout
  private let split: String
  private let files: [DiskFile]

  /// The number of the first sample of each file.
  private let starts: [Int]

  /// Opens the files at `paths` and reads their labels.
  init(split: String, paths: [String], layout: CIFARLayout, classNames: [String]) throws(DatasetError) {
    var files: [DiskFile] = []
    var starts: [Int] = []
    var labels: [UInt8] = []
    for path in paths {
      let file = try Self.open(path, layout)
      starts.append(labels.count)
      labels += try Self.labels(of: file, layout)
      files.append(file)
    }
    self.split = split
    self.layout = layout
    self.classNames = classNames
    self.files = files
    self.starts = starts
    labelBytes = labels
  }

  private static func open(_ path: String, _ layout: CIFARLayout) throws(DatasetError) -> DiskFile {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let file = try DiskFile(path: path, name: name)
    let rest = file.count % layout.recordLength
    guard rest == 0, file.count > 0 else {
      throw DatasetError(
        "\(name): truncated or no \(layout.format) file: its \(file.count) bytes are not a whole number of records of "
          + "\(layout.recordLength) bytes (\(rest) bytes are left over); fetch it again")
    }
    return file
  }

  private static func labels(of file: DiskFile, _ layout: CIFARLayout) throws(DatasetError) -> [UInt8] {
    let count = file.count / layout.recordLength
    let atOnce = 256
    try Memory.check(count, for: file.name)
    var labels: [UInt8] = []
    labels.reserveCapacity(count)
    var data = 0
    for first in stride(from: 0, to: count, by: atOnce) {
      let records = min(atOnce, count - first)
      // A file may be one great hole, which would be read for hours.
      if data < first * layout.recordLength { data = file.data(from: first * layout.recordLength) }
      if data >= (first + records) * layout.recordLength {
        labels += repeatElement(0, count: records)
        continue
      }
      let bytes = try file.bytes(at: first * layout.recordLength, records * layout.recordLength)
      for record in 0..<records { labels.append(bytes[record * layout.recordLength + layout.labelLength - 1]) }
    }
    return labels
  }

  var count: Int { labelBytes.count }

  func name(of index: Int) -> String { "\(split) \(index)" }

  func label(of index: Int) -> Int { Int(labelBytes[index]) }

  /// The file of a sample, and where its record starts.
  private func place(of index: Int) -> (file: DiskFile, offset: Int) {
    let number = (starts.firstIndex { $0 > index } ?? starts.count) - 1
    return (files[number], (index - starts[number]) * layout.recordLength)
  }

  func labelDamage(at index: Int) -> DatasetError {
    let (file, offset) = place(of: index)
    return DatasetError(
      "\(file.name): the label \(labelBytes[index]) at byte \(offset + layout.labelLength - 1) is not one of the "
        + "\(classNames.count) classes; fetch the file again",
      kind: .damage)
  }

  func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int {
    let label = try checkedLabel(of: index)
    let (file, offset) = place(of: index)
    let planes = try file.bytes(at: offset + layout.labelLength, CIFARLayout.pixels)
    for position in 0..<shape.positions {
      for channel in 0..<3 { pixels[position * 3 + channel] = planes[channel * shape.positions + position] }
    }
    return label
  }

  func content(report: (String) -> Void) throws(DatasetError) -> SplitContent {
    try SplitContent(format: layout.format, classes: classNames.count, files: files, report: report)
  }
}
