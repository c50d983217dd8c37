/// Which values share a mean and a variance: a sample is `blocks` blocks of [position][channel], and within a block
/// each of `groups` runs of channels is normalised over all positions.
///
/// Group and instance normalization have one block per sample; layer normalization over the channels has one block per
/// position.
package struct NormalizationGroups: Hashable, Sendable {
  /// Blocks of a sample.
  package var blocks: Int
  /// Positions of a block.
  package var positions: Int
  /// Channels of a position.
  package var channels: Int
  /// Groups of channels.
  package var groups: Int

  /// Groups of equal size; `groups` divides `channels`.
  package init(blocks: Int = 1, positions: Int, channels: Int, groups: Int) {
    self.blocks = blocks
    self.positions = positions
    self.channels = channels
    self.groups = groups
  }

  /// Elements of one sample.
  package var count: Int { blocks * positions * channels }
  /// Elements that share a mean.
  package var groupCount: Int { positions * (channels / groups) }
  /// Means of one sample.
  package var meanCount: Int { blocks * groups }
}

/// Local response normalization over neighbouring channels: y[c] = x[c] / s[c]^β with
/// s[c] = k + α/size · Σ x[j]² over the channels j from c − ⌊size/2⌋ to c + ⌊(size − 1)/2⌋.
package struct LocalResponse: Hashable, Sendable {
  /// Channels.
  package var channels: Int
  /// Channels that count in a sum.
  package var size: Int
  /// Weight of the mean square.
  package var alpha: Float
  /// The exponent.
  package var beta: Float
  /// What is added, so that the sum never vanishes.
  package var k: Float

  /// A normalization of `channels` channels.
  package init(channels: Int, size: Int, alpha: Float, beta: Float, k: Float) {
    self.channels = channels
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.k = k
  }

  /// The channels whose squares count at `channel`.
  package func neighbours(of channel: Int) -> Range<Int> {
    max(0, channel - size / 2)..<min(channels, channel + (size - 1) / 2 + 1)
  }
}
