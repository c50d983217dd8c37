package import Operators
import Randomness

/// A random change of a training image. It works on bytes, before normalization, as torchvision's transforms do.
package enum Augmentation: Hashable, Sendable {
  /// Lays `padding` rows and columns of zeros round the image and cuts a random window of its size out of that.
  case randomCrop(padding: Int)
  /// Mirrors left and right, with probability 1/2.
  case horizontalFlip

  /// Fails if this cannot be applied to images of `shape`.
  package func check(for shape: Shape) throws(DatasetError) {
    if case .randomCrop(let padding) = self, !(0...min(shape.height, shape.width)).contains(padding) {
      throw DatasetError(
        "data.augment: random-crop's padding is \(padding); set it to 0...\(min(shape.height, shape.width))")
    }
  }

  /// The random numbers for one sample of one epoch: nothing else decides what happens to it.
  static func stream(seed: UInt64, epoch: Int, sample: Int) -> RandomStream {
    RandomStream(seed: seed, purpose: .augmentation, time: UInt64(epoch), sample: UInt64(sample))
  }

  /// Changes `image`, whose pixels are [row][column][channel]; `scratch` has the same length, its contents are lost.
  func apply(to image: inout [UInt8], scratch: inout [UInt8], shape: Shape, random: inout RandomStream) {
    switch self {
    case .randomCrop(let padding):
      let down = random.integer(below: 2 * padding + 1) - padding
      let right = random.integer(below: 2 * padding + 1) - padding
      PixelMoves.shift(image, into: &scratch, shape, down: down, right: right)
      swap(&image, &scratch)
    case .horizontalFlip:
      if random.next() >> 31 == 1 { PixelMoves.flip(&image, shape) }
    }
  }
}
