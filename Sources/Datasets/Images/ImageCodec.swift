import Operators

/// Decodes JPEG, PNG and WebP images, which it tells apart by their first bytes, not by their names.
enum ImageCodec {
  /// The longest side, in pixels.
  static let sideLimit = 16_384
  /// The most pixels.
  static let pixelLimit = 1 << 26
  /// The longest file, in bytes.
  static let fileLimit = 1 << 28

  /// The file name endings of images.
  private static let endings = Set(["jpg", "jpeg", "jpe", "jfif", "png", "webp"].map { FileName($0) })

  /// Whether a file's name says that it is an image.
  static func isImageName(_ name: FileName) -> Bool { name.ending.map(endings.contains) ?? false }

  /// What a decoder did with a file.
  struct Outcome {
    var shape = Shape(channels: 0, height: 0, width: 0)
    /// Whether the pixels were written.
    var isDecoded = false
    var failure: ImageFailure?
  }

  /// The shape of an image, from its header; messages call it `name`.
  static func shape(of bytes: [UInt8], name: @autoclosure () -> String) throws(DatasetError) -> Shape {
    // No image has a side of length 0, so none has the shape of an empty array.
    var nothing: [UInt8] = []
    var pixels = nothing.mutableSpan
    return try decode(bytes, into: &pixels, ifOf: Shape(channels: 0, height: 0, width: 0), name: name()).shape
  }

  /// Decodes a whole image whose shape is known; messages call it `name`.
  static func decode(
    _ bytes: [UInt8], shape: Shape, name: @autoclosure () -> String
  ) throws(DatasetError) -> DecodedImage {
    try Memory.check(shape.count, for: "decoding \(name())")
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
    let outcome: Outcome
    switch ImageKind(of: bytes) {
    case .jpeg: outcome = JPEGDecoder.decode(bytes, into: &pixels, ifOf: shape)
    case .png: outcome = PNGDecoder.decode(bytes, into: &pixels, ifOf: shape)
    case .webp: outcome = WebPDecoder.decode(bytes, into: &pixels, ifOf: shape)
    case .other(let what): throw ImageFailure.otherKind(what).error(name())
    case nil: throw ImageFailure.noImage(Array(bytes.prefix(4))).error(name())
    }
    if let failure = outcome.failure { throw failure.error(name()) }
    guard outcome.shape.positions <= pixelLimit else {
      throw ImageFailure.tooLarge("a size of \(outcome.shape) is above the limit of \(pixelLimit) pixels").error(name())
    }
    return (outcome.shape, outcome.isDecoded)
  }
}

/// An image as 8-bit samples [row][column][channel]; 1 channel (grey) or 3 (red, green, blue).
struct DecodedImage: Hashable {
  let shape: Shape
  let bytes: [UInt8]

  /// The same image with `channels` channels. Grey is the luma of ITU-R BT.601 in 16-bit fixed point.
  func converted(toChannels channels: Int) -> DecodedImage {
    if channels == shape.channels { return self }
    let target = Shape(channels: channels, height: shape.height, width: shape.width)
    if channels == 3 { return DecodedImage(shape: target, bytes: bytes.flatMap { [$0, $0, $0] }) }
    let grey = (0..<shape.positions).map { position in
      let (red, green, blue) = (Int(bytes[3 * position]), Int(bytes[3 * position + 1]), Int(bytes[3 * position + 2]))
      return UInt8((19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16)
    }
    return DecodedImage(shape: target, bytes: grey)
  }
}
