import CJPEG
import Operators

/// JPEG by libjpeg: grey, colour, and the four inks of print, which become colour as in Pillow.
enum JPEGDecoder {
  /// Decodes a file into `pixels` if it has the shape that they are for, and else reads its header.
  static func decode(
    _ bytes: [UInt8], into pixels: inout MutableSpan<UInt8>, ifOf shape: Shape
  ) -> ImageCodec.Outcome {
    var result = cjpeg_result()
    (result.width, result.height) = (UInt32(shape.width), UInt32(shape.height))
    result.channels = UInt32(shape.channels)
    let code = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe pixels.withUnsafeMutableBufferPointer { target in
        unsafe cjpeg_decode(
          source.baseAddress, source.count, UInt32(ImageCodec.sideLimit), target.baseAddress, &result)
      }
    }
    guard code != 0 else {
      let found = Shape(channels: Int(result.channels), height: Int(result.height), width: Int(result.width))
      return ImageCodec.Outcome(shape: found, isDecoded: result.is_decoded != 0)
    }
    return ImageCodec.Outcome(failure: failure(Int(code), text(ofCharacters: result.message), length: bytes.count))
  }

  private static func failure(_ code: Int, _ what: String, length: Int) -> ImageFailure {
    switch code {
    case Int(CJPEG_TRUNCATED): .damaged(format: "JPEG", place: "at byte \(length)", what: what)
    case Int(CJPEG_UNSUPPORTED): .unsupported(format: "JPEG", what: what)
    case Int(CJPEG_TOO_LARGE): .tooLarge(what)
    case Int(CJPEG_NO_MEMORY): .noMemory(format: "JPEG")
    // libjpeg reads ahead, so it does not tell where the damage lies.
    default: .damaged(format: "JPEG", place: nil, what: what)
    }
  }
}
