import Operators

extension DecodedImage {
  /// The picture turned upright.
  func turned(_ orientation: Orientation) -> DecodedImage {
    if orientation == .upright { return self }
    let (height, width, channels) = (shape.height, shape.width, shape.channels)
    let target =
      orientation.swapsSides ? Shape(channels: channels, height: width, width: height) : shape
    // Where the upright picture's first pixel lies, and how far the next one down and to the right is from there.
    let (right, bottom) = (width - 1, (height - 1) * width)
    let (start, down, across) =
      switch orientation {
      case .upright: (0, width, 1)
      case .mirrored: (right, width, -1)
      case .upsideDown: (bottom + right, -width, -1)
      case .flipped: (bottom, -width, 1)
      case .transposed: (0, 1, width)
      case .turnedLeft: (bottom, 1, -width)
      case .transverse: (bottom + right, -1, -width)
      case .turnedRight: (right, -1, width)
      }
    var turned = [UInt8](repeating: 0, count: bytes.count)
    var place = 0
    for row in 0..<target.height {
      for column in 0..<target.width {
        let source = (start + row * down + column * across) * channels
        for channel in 0..<channels { turned[place + channel] = bytes[source + channel] }
        place += channels
      }
    }
    return DecodedImage(shape: target, bytes: turned)
  }
}

extension Shape {
  /// The shape of a picture that was turned upright.
  func turned(_ orientation: Orientation) -> Shape {
    orientation.swapsSides ? Shape(channels: channels, height: width, width: height) : self
  }
}
