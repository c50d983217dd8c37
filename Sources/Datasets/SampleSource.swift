package import Operators

/// One split of a data set: labelled images of one shape, with random access from any thread.
package protocol SampleSource: Sendable {
  /// The number of samples; at least 1.
  var count: Int { get }

  /// Channels, height and width of every sample, after resizing.
  var shape: Shape { get }

  /// The classes in the order of their labels.
  var classNames: [String] { get }

  /// Writes sample `index` as bytes [row][column][channel] into `pixels`, which holds `shape.count` bytes; returns its
  /// label, an index into `classNames`.
  func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int

  /// The sample's name for messages and listings: its file, or "train 17".
  func name(of index: Int) -> String

  /// The label of sample `index`, without decoding it.
  func label(of index: Int) -> Int

  /// How the picture of sample `index` lies in its file, as its EXIF data tells; reads the file, decodes no pixels.
  func orientation(of index: Int) throws(DatasetError) -> Orientation

  /// Whether a sample is decoded when it is read, so that it is worth keeping.
  var decodes: Bool { get }

  /// What the split is made of: the bytes of its files, labels, and which samples in which order; never a place. May
  /// read files; `report` is told when that takes long.
  func content(report: (String) -> Void) throws(DatasetError) -> SplitContent
}

extension SampleSource {
  package var decodes: Bool { false }

  package func orientation(of index: Int) throws(DatasetError) -> Orientation { .upright }
}

/// A training split and a test split with the same shape and the same classes.
package struct Dataset: Sendable {
  /// The training samples.
  package let train: any SampleSource
  /// The test samples.
  package let test: any SampleSource

  /// The format and where the data lies, for messages.
  package let name: String

  /// What a user should know about the data, a sentence each: what was left out, and why.
  package let notes: [String]

  /// What lies among the samples and is not used.
  package let leftOut: LeftOut

  /// A data set of two splits.
  package init(
    train: any SampleSource, test: any SampleSource, name: String, notes: [String] = [], leftOut: LeftOut = LeftOut()
  ) {
    self.train = train
    self.test = test
    self.name = name
    self.notes = notes
    self.leftOut = leftOut
  }
}

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
