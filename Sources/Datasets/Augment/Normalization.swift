/// How bytes become numbers: (byte / 255 − mean) / deviation, per channel.
package struct Normalization: Hashable, Sendable {
  /// One number per channel, on the scale 0...1.
  package var mean: [Float]

  /// One number per channel, on the scale 0...1; none is zero.
  package var deviation: [Float]

  /// A normalization with the given numbers.
  package init(mean: [Float], deviation: [Float]) {
    self.mean = mean
    self.deviation = deviation
  }

  /// Plain scaling to 0...1: mean 0, deviation 1.
  package static func identity(channels: Int) -> Normalization {
    Normalization(mean: [Float](repeating: 0, count: channels), deviation: [Float](repeating: 1, count: channels))
  }

  /// Fails unless there is one finite mean and one positive, finite deviation for each of `channels` channels.
  package func check(channels: Int) throws(DatasetError) {
    guard mean.count == channels, deviation.count == channels else {
      throw DatasetError(
        "data.normalize has \(mean.count) means and \(deviation.count) deviations, but the images have \(channels) "
          + "channels; give one of each per channel")
    }
    guard mean.allSatisfy(\.isFinite), deviation.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw DatasetError("data.normalize: a mean is not finite or a deviation is not positive; correct it")
    }
  }

  /// The number that each byte becomes in each channel, at [byte · channels + channel].
  var table: [Float] {
    (0..<256).flatMap { byte in zip(mean, deviation).map { (Float(byte) / 255 - $0) / $1 } }
  }
}
