import Foundation

/// What a random number is drawn for. The purpose is part of the key, so no two uses ever share a number.
package enum Purpose: UInt32, Sendable {
  /// Initial weights; the subject is the parameter's name.
  case initialWeights = 1
  /// The order of the samples within an epoch; the time is the epoch.
  case sampleOrder = 2
  /// Random crops and flips; the time is the epoch.
  case augmentation = 3
  /// Dropout masks; the subject is the layer's name, the time is the step.
  case dropout = 4
  /// The drawing of the built-in digits.
  case digits = 5
  /// The choice of held-out samples.
  case holdOut = 6
  /// Directions and entries that a gradient check tries.
  case gradientCheck = 7
  /// Test data.
  case testing = 8
  /// The micro-batches that an audit computes again.
  case audit = 9
  /// The micro-batches that are computed again on another rank; the time is the step, the sample the micro-batch.
  case recomputation = 10
}

/// The random numbers of one (seed, purpose, subject, time, sample): a pure function of these five, the same on every
/// rank, lane and machine. Nothing of it is ever sent or saved.
package struct RandomStream: Sendable {
  private let key: SIMD2<UInt32>
  private let time: UInt64
  private let sample: UInt64
  private var blockIndex: UInt32 = 0
  private var block = SIMD4<UInt32>()
  private var used = 4

  /// The stream of one purpose.
  ///
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - purpose: what the numbers are for.
  ///   - subject: which layer or parameter, as `StableHash.of(name)`; zero where there is only one.
  ///   - time: the step or the epoch, below 2^48.
  ///   - sample: the sample's index, below 2^48.
  package init(seed: UInt64, purpose: Purpose, subject: UInt64 = 0, time: UInt64 = 0, sample: UInt64 = 0) {
    // Seed, purpose and subject are more than the 64 bits of the key, so they are mixed into it by Philox itself.
    let mixed = Philox4x32.block(
      counter: SIMD4(
        UInt32(truncatingIfNeeded: subject), UInt32(truncatingIfNeeded: subject >> 32), purpose.rawValue, 0x636E_6E64),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    self.key = SIMD2(mixed.x, mixed.y)
    self.time = time
    self.sample = sample
  }

  /// Words `4 * index ..< 4 * index + 4` of the stream, by position; the sequential calls below are not disturbed.
  package func words(block index: UInt32) -> SIMD4<UInt32> {
    let high = UInt32(truncatingIfNeeded: (sample >> 32) & 0xFFFF) | (UInt32(truncatingIfNeeded: time >> 32) << 16)
    return Philox4x32.block(
      counter: SIMD4(index, UInt32(truncatingIfNeeded: sample), UInt32(truncatingIfNeeded: time), high), key: key)
  }

  /// The Philox key and counter words of this stream, for a kernel that draws many numbers at once: the block of
  /// index i has the counter (i, counter.y, counter.z, counter.w).
  package var philox: (key: SIMD2<UInt32>, counter: SIMD4<UInt32>) {
    let high = UInt32(truncatingIfNeeded: (sample >> 32) & 0xFFFF) | (UInt32(truncatingIfNeeded: time >> 32) << 16)
    return (key, SIMD4(0, UInt32(truncatingIfNeeded: sample), UInt32(truncatingIfNeeded: time), high))
  }

  /// The next 32 random bits.
  package mutating func next() -> UInt32 {
    if used == 4 {
      block = words(block: blockIndex)
      blockIndex &+= 1
      used = 0
    }
    defer { used += 1 }
    return block[used]
  }

  /// The next number of the uniform distribution on [0, 1), a multiple of 2^-24.
  package mutating func uniform() -> Float {
    Float(next() >> 8) * 0x1p-24
  }

  /// The next number of the uniform distribution on `range`.
  package mutating func uniform(in range: Range<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * (Double(next()) * 0x1p-32)
  }

  /// The next integer of the uniform distribution on 0 ..< `bound`, without bias.
  ///
  /// Source: Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019), algorithm 5.
  package mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0 && bound <= Int(UInt32.max), "a bound of \(bound) is outside 1...2^32-1")
    let range = UInt32(bound)
    var product = UInt64(next()) * UInt64(range)
    if UInt32(truncatingIfNeeded: product) < range {
      let threshold = (0 &- range) % range
      while UInt32(truncatingIfNeeded: product) < threshold { product = UInt64(next()) * UInt64(range) }
    }
    return Int(product >> 32)
  }
}

extension RandomStream {
  /// The next number of the standard normal distribution.
  ///
  /// Source: Box and Muller, "A note on the generation of random normal deviates", Annals of Mathematical
  /// Statistics 29 (1958). In double precision, so that rounding to `Float` hides the last bit of `log` and `cos`.
  package mutating func normal() -> Double {
    let radius = (-2 * log((Double(next()) + 1) * 0x1p-32)).squareRoot()
    let angle = 2 * Double.pi * (Double(next()) * 0x1p-32)
    return radius * cos(angle)
  }
}

/// Choices, for random test cases.
extension RandomStream {
  /// A random number of `range`.
  package mutating func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + integer(below: range.count) }

  /// A random element of `items`, which must not be empty.
  package mutating func pick<Item>(_ items: [Item]) -> Item { items[integer(below: items.count)] }

  /// True once in `n` times.
  package mutating func oneIn(_ n: Int) -> Bool { integer(below: n) == 0 }
}

/// A 64-bit hash of a name that is the same in every process (Swift's own `Hasher` is seeded anew in each).
///
/// FNV-1a; source: Fowler, Noll and Vo, IETF draft-eastlake-fnv. Used to key random streams by names, never to protect
/// anything.
package enum StableHash {
  /// The hash of `name`'s UTF-8 bytes.
  package static func of(_ name: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return hash
  }
}
