import Operators

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
