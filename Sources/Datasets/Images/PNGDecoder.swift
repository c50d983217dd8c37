import CPNG
import Operators

/// PNG by libpng: any kind becomes 8-bit grey or colour; alpha is dropped.
enum PNGDecoder {
  /// Decodes a file into `pixels` if it has the shape that they are for, and else reads its header.
  static func decode(
    _ bytes: [UInt8], into pixels: inout MutableSpan<UInt8>, ifOf shape: Shape
  ) -> ImageCodec.Outcome {
    var result = cpng_result()
    (result.width, result.height) = (UInt32(shape.width), UInt32(shape.height))
    result.channels = UInt32(shape.channels)
    let code = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe pixels.withUnsafeMutableBufferPointer { target in
        unsafe cpng_decode(
          source.baseAddress, source.count, UInt32(ImageCodec.sideLimit), target.baseAddress, &result)
      }
    }
    guard code != 0 else {
      let found = Shape(channels: Int(result.channels), height: Int(result.height), width: Int(result.width))
      return ImageCodec.Outcome(shape: found, isDecoded: result.is_decoded != 0)
    }
    let what = text(ofCharacters: result.message)
    return ImageCodec.Outcome(failure: failure(Int(code), what, chunk: Int(result.chunk), length: bytes.count))
  }

  private static func failure(_ code: Int, _ what: String, chunk: Int, length: Int) -> ImageFailure {
    switch code {
    case Int(CPNG_TRUNCATED): .damaged(format: "PNG", place: "at byte \(length)", what: what)
    case Int(CPNG_TOO_LARGE): .tooLarge(what)
    case Int(CPNG_NO_MEMORY): .noMemory(format: "PNG")
    default: .damaged(format: "PNG", place: "in the chunk at byte \(chunk)", what: what)
    }
  }
}
