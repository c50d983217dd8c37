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
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
    return extensions.contains(name[name.index(after: dot)...].lowercased())
  }

  private enum Kind {
    case jpeg
    case png
  }

  /// The shape of an image, from its header; messages call it `name`.
  static func shape(of bytes: [UInt8], name: @autoclosure () -> String) throws(DatasetError) -> Shape {
    // No image has a side of length 0, so none has the shape of an empty array.
    var nothing: [UInt8] = []
    var pixels = nothing.mutableSpan
    return try decode(bytes, into: &pixels, ifOf: Shape(channels: 0, height: 0, width: 0), name: name()).shape
  }

  /// Decodes a whole image; messages call it `name`.
  static func decode(_ bytes: [UInt8], name: @autoclosure () -> String) throws(DatasetError) -> DecodedImage {
    let shape = try shape(of: bytes, name: name())
    return try decode(bytes, shape: shape, name: name())
  }

  /// Decodes a whole image whose shape is known; messages call it `name`.
  static func decode(
    _ bytes: [UInt8], shape: Shape, name: @autoclosure () -> String
  ) throws(DatasetError) -> DecodedImage {
    var decoded = [UInt8](repeating: 0, count: shape.count)
    var pixels = decoded.mutableSpan
    let outcome = try decode(bytes, into: &pixels, ifOf: shape, name: name())
    precondition(outcome.isDecoded, "an image changed its shape while it was read")
    return DecodedImage(shape: shape, bytes: decoded)
  }

  /// Decodes an image straight into `pixels` if it has the shape that they are for, and else reads its header alone.
  ///
  /// - Parameters:
  ///   - bytes: the encoded image.
  ///   - pixels: [row][column][channel], `shape.count` bytes.
  ///   - shape: the shape that the image is expected to have.
  ///   - name: what messages call the image; made up only for them.
  /// - Returns: the image's shape, and whether the pixels were written.
  static func decode(
    _ bytes: [UInt8], into pixels: inout MutableSpan<UInt8>, ifOf shape: Shape, name: @autoclosure () -> String
  ) throws(DatasetError) -> (shape: Shape, isDecoded: Bool) {
    precondition(pixels.count == shape.count, "the pixels of an image of \(shape) have another length")
    let outcome =
      switch try kind(of: bytes, name: name()) {
      case .jpeg: jpeg(bytes, into: &pixels, ifOf: shape)
      case .png: png(bytes, into: &pixels, ifOf: shape)
      }
    if let failure = outcome.failure {
      throw DatasetError("\(name()): \(failure); fetch it again or remove it")
    }
    guard outcome.shape.positions <= pixelLimit else {
      throw DatasetError(
        "\(name()): its size of \(outcome.shape) is above the limit of \(pixelLimit) pixels; scale it down or remove "
          + "it")
    }
    return (outcome.shape, outcome.isDecoded)
  }

  private static func kind(of bytes: [UInt8], name: @autoclosure () -> String) throws(DatasetError) -> Kind {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
    let start = bytes.prefix(4).map { String($0, radix: 16) }.joined(separator: " ")
    throw DatasetError(
      "\(name()): is no JPEG or PNG image, it "
        + (bytes.isEmpty ? "is empty" : "starts with the bytes \(start)") + "; fetch it again or remove it")
  }

  private typealias Outcome = (shape: Shape, isDecoded: Bool, failure: String?)

  private static func jpeg(
    _ bytes: [UInt8], into pixels: inout MutableSpan<UInt8>, ifOf shape: Shape
  ) -> Outcome {
    var result = cjpeg_result()
    (result.width, result.height) = (UInt32(shape.width), UInt32(shape.height))
    result.channels = UInt32(shape.channels)
    let code = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe pixels.withUnsafeMutableBufferPointer { target in
        unsafe cjpeg_decode(source.baseAddress, source.count, UInt32(sideLimit), target.baseAddress, &result)
      }
    }
    let found = Shape(channels: Int(result.channels), height: Int(result.height), width: Int(result.width))
    if code == 0 { return (found, result.is_decoded != 0, nil) }
    return (found, false, "damaged JPEG image, at byte \(result.offset): \(text(of: result.message))")
  }

  private static func png(
    _ bytes: [UInt8], into pixels: inout MutableSpan<UInt8>, ifOf shape: Shape
  ) -> Outcome {
    var result = cpng_result()
    (result.width, result.height) = (UInt32(shape.width), UInt32(shape.height))
    result.channels = UInt32(shape.channels)
    let code = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe pixels.withUnsafeMutableBufferPointer { target in
        unsafe cpng_decode(source.baseAddress, source.count, UInt32(sideLimit), target.baseAddress, &result)
      }
    }
    let found = Shape(channels: Int(result.channels), height: Int(result.height), width: Int(result.width))
    if code == 0 { return (found, result.is_decoded != 0, nil) }
    return (found, false, "damaged PNG image, at byte \(result.offset): \(text(of: result.message))")
  }

  /// The text in a C array of characters, which Swift sees as a tuple.
  private static func text<Characters>(of characters: Characters) -> String {
    unsafe withUnsafeBytes(of: characters) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
