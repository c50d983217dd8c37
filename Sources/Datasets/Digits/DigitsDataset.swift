package import Operators
import Randomness
import Synchronization

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

/// The built-in digits: 28×28 grey, drawn when first asked for and then kept (784 bytes each).
package final class DigitsSource: SampleSource {
  /// The two independent series of drawings.
  package enum Split: Int, Sendable {
    case train = 0
    case test = 1
  }

  package let count: Int
  package let shape = Shape(channels: 1, height: DigitPainter.side, width: DigitPainter.side)
  package let classNames = (0..<10).map(String.init)
  private let split: Split
  private let drawn: Mutex<[[UInt8]?]>

  /// The first `count` samples of a split.
  package init(_ split: Split, count: Int) {
    self.split = split
    self.count = count
    drawn = Mutex([[UInt8]?](repeating: nil, count: count))
  }

  package func label(of index: Int) -> Int { DigitPainter.label(split: split.rawValue, index: index) }

  package func name(of index: Int) -> String { "\(split) \(index)" }

  package func content(report: (String) -> Void) -> SplitContent {
    var hash = ContentHash("digits")
    hash.add(DigitPainter.version)
    hash.add(split.rawValue)
    hash.add(count)
    return SplitContent(digest: hash.finish(), coverage: .generated)
  }

  package func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int {
    let digit = label(of: index)
    let picture = drawn.withLock { $0[index] } ?? draw(digit, index)
    for place in picture.indices { pixels[place] = picture[place] }
    return digit
  }

  /// Two threads may draw the same sample at once; they draw the same bytes.
  private func draw(_ digit: Int, _ index: Int) -> [UInt8] {
    var picture = [UInt8](repeating: 0, count: shape.count)
    var pixels = picture.mutableSpan
    DigitPainter.draw(digit, split: split.rawValue, index: index, into: &pixels)
    drawn.withLock { $0[index] = picture }
    return picture
  }
}
