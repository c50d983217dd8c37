// The ground that the network, the planner, the kernels and the interpreter stand on: what an operator computes, as
// plain values. Shapes and windows, fixed maps, the geometry of convolutions and the algorithms for them with what they
// need of memory and how they use the caches, activations, normalizations and losses. Nothing here computes a tensor,
// reads a file or knows YAML.

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

  /// A vector of `features` values.
  package init(features: Int) {
    self.init(channels: features, height: 1, width: 1)
  }

  /// The number of features: channels · height · width.
  package var count: Int { channels * height * width }

  /// The number of positions: height · width.
  package var positions: Int { height * width }

  /// Height and width.
  package var extent: Extent { Extent(height: height, width: width) }

  /// Whether this is a plain vector (1 × 1 in space).
  package var isVector: Bool { height == 1 && width == 1 }

  package var description: String { isVector ? "\(channels)" : "\(channels)×\(height)×\(width)" }
}

/// Two numbers that belong to the vertical and the horizontal axis.
package struct Extent: Hashable, Sendable, CustomStringConvertible {
  /// The number for the vertical axis (rows).
  package var height: Int
  /// The number for the horizontal axis (columns).
  package var width: Int

  /// An extent with its own number for each axis.
  package init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// The same number for both axes.
  package init(_ both: Int) { self.init(height: both, width: both) }

  /// The number of positions: height · width.
  package var count: Int { height * width }

  package var description: String { height == width ? "\(height)" : "\(height)×\(width)" }

  /// The positions from the first to the last tap of a kernel of this size whose taps are `dilation` apart.
  package func dilated(by dilation: Extent) -> Extent {
    Extent(height: dilation.height * (height - 1) + 1, width: dilation.width * (width - 1) + 1)
  }
}
