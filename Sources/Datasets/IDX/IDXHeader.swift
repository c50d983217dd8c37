/// The head of an IDX file: a kind and the length of each dimension, all big-endian 32-bit numbers.
///
/// Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats".
struct IDXHeader: Hashable {
  /// What the file holds: unsigned bytes in three dimensions or in one.
  enum Kind: UInt32 {
    case images = 0x0000_0803
    case labels = 0x0000_0801

    /// The number of dimensions, the magic number's last byte.
    var rank: Int { Int(rawValue & 0xFF) }

    /// The length of the header in bytes.
    var headerLength: Int { 4 + 4 * rank }
  }

  let kind: Kind
  let dimensions: [Int]

  /// The length of the whole file in bytes.
  let length: Int

  /// A header for data of the given dimensions; nil if their product is no sensible length.
  init?(kind: Kind, dimensions: [Int]) {
    var length = 1
    for dimension in dimensions {
      let (product, overflow) = length.multipliedReportingOverflow(by: dimension)
      if overflow || product > 1 << 48 { return nil }
      length = product
    }
    self.kind = kind
    self.dimensions = dimensions
    self.length = length + kind.headerLength
  }

  /// Reads the header of `bytes`; messages call the file `name`.
  init(parsing bytes: [UInt8], kind: Kind, name: String) throws(DatasetError) {
    guard bytes.count >= kind.headerLength else {
      throw DatasetError(
        "\(name): truncated: its header needs \(kind.headerLength) bytes, it has \(bytes.count); fetch it again")
    }
    let words = stride(from: 0, to: kind.headerLength, by: 4).map { at in
      bytes[at..<at + 4].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
    }
    guard words[0] == kind.rawValue else {
      throw DatasetError(
        "\(name): is no IDX file of \(kind): it starts with \(hexadecimal(words[0])) instead of "
          + "\(hexadecimal(kind.rawValue)); check data.images and data.labels")
    }
    let dimensions = words.dropFirst().map(Int.init)
    guard let header = IDXHeader(kind: kind, dimensions: dimensions), !dimensions.contains(0) else {
      throw DatasetError("\(name): its header claims the impossible dimensions \(dimensions); fetch it again")
    }
    self = header
  }

  /// The header as bytes of a file.
  var bytes: [UInt8] {
    ([kind.rawValue] + dimensions.map(UInt32.init(truncatingIfNeeded:))).flatMap { word in
      stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
  }
}

/// A 32-bit number as eight hexadecimal digits.
private func hexadecimal(_ word: UInt32) -> String {
  let digits = String(word, radix: 16)
  return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
}
