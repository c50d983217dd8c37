import CWebP
import Operators

/// WebP by libwebp, lossy and lossless: always colour; alpha is dropped.
enum WebPDecoder {
  /// Decodes a file into `pixels` if it has the shape that they are for, and else reads its header.
  static func decode(
    _ bytes: [UInt8], into pixels: inout MutableSpan<UInt8>, ifOf shape: Shape
  ) -> ImageCodec.Outcome {
    var result = cwebp_result()
    // Sides of 0 make the decoder read the header alone, for pixels that are not in colour.
    if shape.channels == 3 { (result.width, result.height) = (UInt32(shape.width), UInt32(shape.height)) }
    let code = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe pixels.withUnsafeMutableBufferPointer { target in
        unsafe cwebp_decode(
          source.baseAddress, source.count, UInt32(ImageCodec.sideLimit), target.baseAddress, &result)
      }
    }
    guard code != 0 else {
      let found = Shape(channels: 3, height: Int(result.height), width: Int(result.width))
      return ImageCodec.Outcome(shape: found, isDecoded: result.is_decoded != 0)
    }
    return ImageCodec.Outcome(failure: failure(Int(code), text(ofCharacters: result.message), length: bytes.count))
  }

  private static func failure(_ code: Int, _ what: String, length: Int) -> ImageFailure {
    switch code {
    case Int(CWEBP_TRUNCATED): .damaged(format: "WebP", place: "at byte \(length)", what: what)
    case Int(CWEBP_UNSUPPORTED): .unsupported(format: "WebP", what: what)
    case Int(CWEBP_TOO_LARGE): .tooLarge(what)
    case Int(CWEBP_NO_MEMORY): .noMemory(format: "WebP")
    default: .damaged(format: "WebP", place: nil, what: what)
    }
  }
}
