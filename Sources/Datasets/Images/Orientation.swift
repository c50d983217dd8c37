import Operators

/// How a picture has to be turned to stand upright: the value of EXIF's tag of that name, as in Pillow's
/// `ImageOps.exif_transpose`.
///
/// Source: CIPA DC-008 (Exif 2.32), section 4.6.4, tag 274.
package enum Orientation: Int, Hashable, Sendable, CaseIterable {
  case upright = 1
  case mirrored = 2
  case upsideDown = 3
  case flipped = 4
  case transposed = 5
  case turnedLeft = 6
  case transverse = 7
  case turnedRight = 8

  /// Whether height and width change places.
  var swapsSides: Bool { rawValue >= 5 }
}

/// What is done about the orientation that an image's EXIF data tells.
package enum OrientationPolicy: String, CaseIterable, Hashable, Sendable, Codable {
  /// The picture is turned upright.
  case apply
  /// The picture is used as it is stored.
  case ignore
}

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
