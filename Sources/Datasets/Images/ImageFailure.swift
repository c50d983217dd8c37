/// Why an image cannot be used.
enum ImageFailure: Hashable {
  /// The decoder found bytes that its format's rules do not allow; `place` says where, if that is known.
  case damaged(format: String, place: String?, what: String)
  /// A sound image, as far as can be seen, of a kind that the decoder does not read.
  case unsupported(format: String, what: String)
  case tooLarge(String)
  case noMemory(format: String)
  /// A file of another kind, whatever its name says.
  case otherKind(String)
  /// A file that starts with these bytes, which are those of no known kind.
  case noImage([UInt8])

  /// The error with the remedy that helps; it calls the image `name`.
  func error(_ name: String) -> DatasetError {
    switch self {
    case .damaged(let format, let place, let what):
      let place = place.map { ", \($0)" } ?? ""
      return DatasetError(
        "\(name): damaged \(format) image\(place): \(what); fetch it again or remove it", kind: .damage)
    case .unsupported(let format, let what):
      return DatasetError(
        "\(name): a \(format) image that cannot be used: \(what); convert it or remove it", kind: .unusable)
    case .tooLarge(let what): return DatasetError("\(name): \(what); scale it down or remove it", kind: .unusable)
    case .noMemory(let format):
      return DatasetError(
        "\(name): there is not enough memory to decode this \(format) image; allow more, or remove it")
    case .otherKind(let what):
      return DatasetError(
        "\(name): is \(what), and no JPEG, PNG or WebP image; convert it or remove it", kind: .unusable)
    case .noImage(let start):
      if start.isEmpty { return DatasetError("\(name): is empty; fetch it again or remove it", kind: .damage) }
      let bytes = start.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
      return DatasetError(
        "\(name): is no JPEG, PNG or WebP image, it starts with the bytes \(bytes); replace it or remove it",
        kind: .unusable)
    }
  }
}

/// The text in a C array of characters, which Swift sees as a tuple.
func text<Characters>(ofCharacters characters: Characters) -> String {
  unsafe withUnsafeBytes(of: characters) { bytes in
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
