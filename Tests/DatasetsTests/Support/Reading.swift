import Datasets
import Operators
import Testing

/// The pixels and the label of one sample.
func sample(_ index: Int, of source: any SampleSource) throws(DatasetError) -> (pixels: [UInt8], label: Int) {
  var bytes = [UInt8](repeating: 0xEE, count: source.shape.count)
  var pixels = bytes.mutableSpan
  let label = try source.read(index, into: &pixels)
  return (bytes, label)
}

/// Expects that `request` cannot be opened, with a message that contains all of `parts`.
func expectRefusal(
  _ request: DatasetRequest, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
  expectError(parts, sourceLocation) { () throws(DatasetError) in _ = try DatasetCatalog.open(request) }
}

/// Expects that `body` fails with a message that contains all of `parts`.
func expectError(
  _ parts: [String], _ sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws(DatasetError) -> Void
) {
  do {
    try body()
    Issue.record("no error, but expected one with \(parts)", sourceLocation: sourceLocation)
  } catch {
    for part in parts { #expect(error.message.contains(part), sourceLocation: sourceLocation) }
  }
}

/// A source in memory, whose sample i shows bytes that depend on i; reading `broken` fails.
struct PatternSource: SampleSource {
  let count: Int
  var shape = Shape(channels: 2, height: 3, width: 4)
  var classNames = ["even", "odd"]
  var broken: Int?
  /// Added to every byte, and to every label.
  var addition: UInt8 = 0
  var labels = 0

  func name(of index: Int) -> String { "pattern \(index)" }
  func label(of index: Int) -> Int { (index + labels) % 2 }
  func content(report: (String) -> Void) -> SplitContent {
    SplitContent(digest: "pattern \(count)", coverage: .generated)
  }

  /// Byte `place` of sample `index`.
  static func byte(_ index: Int, _ place: Int) -> UInt8 { UInt8(truncatingIfNeeded: index * 31 + place * 7 + 1) }

  func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int {
    if index == broken { throw DatasetError("pattern \(index): broken") }
    for place in 0..<pixels.count { pixels[place] = Self.byte(index, place) &+ addition }
    return label(of: index)
  }
}

/// A micro-batch in arrays.
struct Loaded: Hashable {
  var images: [Float]
  var labels: [Int32]
  var ids: [UInt64]

  init(samples: Int, features: Int) {
    images = [Float](repeating: -7, count: samples * features)
    labels = [Int32](repeating: -7, count: samples)
    ids = [UInt64](repeating: 7, count: samples)
  }
}

extension MicroBatchLoader {
  /// Loads into arrays.
  func loaded(_ positions: Range<Int>) throws(DatasetError) -> Loaded {
    var batch = Loaded(samples: positions.count, features: source.shape.count)
    // One span at a time may borrow from the struct; separate arrays may all lend theirs.
    var (imageArray, labelArray, idArray) = (batch.images, batch.labels, batch.ids)
    var images = imageArray.mutableSpan
    var labels = labelArray.mutableSpan
    var ids = idArray.mutableSpan
    try load(positions: positions, images: &images, labels: &labels, ids: &ids)
    (batch.images, batch.labels, batch.ids) = (imageArray, labelArray, idArray)
    return batch
  }
}
