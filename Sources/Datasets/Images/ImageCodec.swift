import CJPEG
import CPNG
import Network

/// Decodes JPEG and PNG images, which it tells apart by their first bytes, not by their names.
enum ImageCodec {
  /// The longest side, in pixels.
  static let sideLimit = 16_384
  /// The most pixels.
  static let pixelLimit = 1 << 26
  /// The longest file, in bytes.
  static let fileLimit = 1 << 28

  /// The file name endings of images.
  static let extensions: Set<String> = ["jpg", "jpeg", "png"]

  /// Whether a file's name says that it is an image.
  static func isImageName(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return extensions.contains(name[name.index(after: dot)...].lowercased())
  }

  private enum Kind {
    case jpeg
    case png
  }

  /// The shape of an image, from its header; messages call it `name`.
  static func shape(of bytes: [UInt8], name: String) throws(DatasetError) -> Shape {
    let kind = try kind(of: bytes, name: name)
    var nothing: [UInt8] = []
    return try decode(bytes, kind, into: &nothing, name: name)
  }

  /// Decodes a whole image; messages call it `name`.
  static func decode(_ bytes: [UInt8], name: String) throws(DatasetError) -> DecodedImage {
    let kind = try kind(of: bytes, name: name)
    let shape = try shape(of: bytes, name: name)
    var pixels = [UInt8](repeating: 0, count: shape.count)
    _ = try decode(bytes, kind, into: &pixels, name: name)
    return DecodedImage(shape: shape, bytes: pixels)
  }

  private static func kind(of bytes: [UInt8], name: String) throws(DatasetError) -> Kind {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
    let start = bytes.prefix(4).map { String($0, radix: 16) }.joined(separator: " ")
    throw DatasetError(
      "\(name): is no JPEG or PNG image, it "
        + (bytes.isEmpty ? "is empty" : "starts with the bytes \(start)") + "; fetch it again or remove it")
  }

  /// Decodes into `pixels` or, if that is empty, reads the header alone; returns the shape.
  private static func decode(
    _ bytes: [UInt8], _ kind: Kind, into pixels: inout [UInt8], name: String
  ) throws(DatasetError) -> Shape {
    let outcome =
      switch kind {
      case .jpeg: jpeg(bytes, into: &pixels)
      case .png: png(bytes, into: &pixels)
      }
    if let failure = outcome.failure {
      throw DatasetError("\(name): \(failure); fetch it again or remove it")
    }
    guard outcome.shape.positions <= pixelLimit else {
      throw DatasetError(
        "\(name): its size of \(outcome.shape) is above the limit of \(pixelLimit) pixels; scale it down or remove it")
    }
    return outcome.shape
  }

  private typealias Outcome = (shape: Shape, failure: String?)

  private static func jpeg(_ bytes: [UInt8], into pixels: inout [UInt8]) -> Outcome {
    var result = cjpeg_result()
    let code = unsafe bytes.withUnsafeBufferPointer { source in
      // An empty array's address is not null, but null is how the codec is asked for the header alone.
      let capacity = pixels.count
      return unsafe pixels.withUnsafeMutableBufferPointer { target in
        unsafe cjpeg_decode(
          source.baseAddress, source.count, UInt32(sideLimit), capacity > 0 ? target.baseAddress : nil, capacity,
          &result)
      }
    }
    let shape = Shape(channels: Int(result.channels), height: Int(result.height), width: Int(result.width))
    if code == 0 { return (shape, nil) }
    return (shape, "damaged JPEG image, at byte \(result.offset): \(text(of: result.message))")
  }

  private static func png(_ bytes: [UInt8], into pixels: inout [UInt8]) -> Outcome {
    var result = cpng_result()
    let code = unsafe bytes.withUnsafeBufferPointer { source in
      let capacity = pixels.count
      return unsafe pixels.withUnsafeMutableBufferPointer { target in
        unsafe cpng_decode(
          source.baseAddress, source.count, UInt32(sideLimit), capacity > 0 ? target.baseAddress : nil, capacity,
          &result)
      }
    }
    let shape = Shape(channels: Int(result.channels), height: Int(result.height), width: Int(result.width))
    if code == 0 { return (shape, nil) }
    return (shape, "damaged PNG image, at byte \(result.offset): \(text(of: result.message))")
  }

  /// The text in a C array of characters, which Swift sees as a tuple.
  private static func text<Characters>(of characters: Characters) -> String {
    unsafe withUnsafeBytes(of: characters) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
