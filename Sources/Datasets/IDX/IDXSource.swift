import Operators

/// One split in IDX files: grey images, and their labels.
struct IDXSource: SampleSource, LabelChecked {
  let shape: Shape
  let classNames: [String]
  let labelBytes: [UInt8]
  private let split: String
  private let images: IDXFile
  private let labels: DiskFile

  /// A pair of open files; `classes` nil means: up to the first class (after 0) that no sample has.
  init(split: String, images: IDXFile, labels: IDXFile, classes: Int?) throws(DatasetError) {
    let (pictures, marks) = (images.header.dimensions, labels.header.dimensions)
    guard pictures[0] == marks[0] else {
      throw DatasetError(
        "\(images.store.name): holds \(pictures[0]) images, but \(labels.store.name) holds \(marks[0]) labels; "
          + "the two do not belong together, check data.images and data.labels")
    }
    shape = Shape(channels: 1, height: pictures[1], width: pictures[2])
    try Memory.check(marks[0], for: labels.store.name)
    labelBytes = try labels.store.bytes(at: IDXHeader.Kind.labels.headerLength, marks[0])
    classNames = (0..<(classes ?? Self.classCount(labelBytes))).map(String.init)
    self.split = split
    self.images = images
    self.labels = labels.file
  }

  /// Some sets start their labels at 1, so an absent class 0 ends nothing.
  private static func classCount(_ labels: [UInt8]) -> Int {
    var isPresent = [Bool](repeating: false, count: 257)
    for label in labels { isPresent[Int(label)] = true }
    return (1...256).first { !isPresent[$0] } ?? 256
  }

  var count: Int { labelBytes.count }

  func name(of index: Int) -> String { "\(split) \(index)" }

  func label(of index: Int) -> Int { Int(labelBytes[index]) }

  func labelDamage(at index: Int) -> DatasetError {
    DatasetError(
      "\(labels.name): the label \(labelBytes[index]) at byte \(index + IDXHeader.Kind.labels.headerLength) is not one "
        + "of the \(classNames.count) classes; fetch the file again, or set data.classes",
      kind: .damage)
  }

  func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int {
    let label = try checkedLabel(of: index)
    try images.store.read(at: IDXHeader.Kind.images.headerLength + index * shape.count, into: &pixels)
    return label
  }

  func content(report: (String) -> Void) throws(DatasetError) -> SplitContent {
    try SplitContent(format: "idx", classes: classNames.count, files: [images.file, labels], report: report)
  }
}
