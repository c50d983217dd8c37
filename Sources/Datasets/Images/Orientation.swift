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
