/// The shape of one sample's features: `channels` planes of `height` × `width`. A vector of n features is n × 1 × 1.
///
/// In memory a micro-batch is [sample, height, width, channel] (NHWC); in messages and files shapes are written
/// channels × height × width, as the field does.
package struct Shape: Hashable, Sendable, CustomStringConvertible {
  /// Planes of the image, or features of a vector.
  package var channels: Int
  /// Rows.
  package var height: Int
  /// Columns.
  package var width: Int

  /// A shape of `channels` × `height` × `width`; all at least 1.
  package init(channels: Int, height: Int, width: Int) {
    self.channels = channels
    self.height = height
    self.width = width
  }

  /// A vector of `features` numbers.
  package init(features: Int) {
    self.init(channels: features, height: 1, width: 1)
  }

  /// The number of features: channels · height · width.
  package var count: Int { channels * height * width }

  /// The number of positions: height · width.
  package var positions: Int { height * width }

  /// Whether this is a plain vector (1 × 1 in space).
  package var isVector: Bool { height == 1 && width == 1 }

  package var description: String { isVector ? "\(channels)" : "\(channels)×\(height)×\(width)" }
}
