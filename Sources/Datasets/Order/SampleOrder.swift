import Randomness
import Synchronization

/// The endless stream of training samples: epoch after epoch, each a random permutation of all samples. A position in
/// it is the whole state of a loader.
package struct SampleOrder: Sendable {
  /// The number of samples; an epoch is as many positions.
  package let count: Int
  private let seed: UInt64
  private let recent = RecentEpochs()

  /// The stream over `count` samples (at least 1, below 2^32) that belongs to `seed`.
  package init(count: Int, seed: UInt64) {
    precondition(count >= 1 && count < 1 << 32, "a stream of \(count) samples is outside 1..<2^32")
    self.count = count
    self.seed = seed
  }

  /// The sample at a position of the stream, and the epoch it is in.
  package func sample(at position: Int) -> (epoch: Int, index: Int) {
    let (epoch, place) = position.quotientAndRemainder(dividingBy: count)
    return (epoch, Int(permutation(ofEpoch: epoch)[place]))
  }

  /// The order of the samples within an epoch: a pure function of (seed, epoch).
  func permutation(ofEpoch epoch: Int) -> [UInt32] {
    recent.permutation(ofEpoch: epoch) {
      var random = RandomStream(seed: seed, purpose: .sampleOrder, time: UInt64(epoch))
      return Permutation.shuffled(count, random: &random)
    }
  }

  /// The positions of micro-batch `microBatch` of step `step`, for `globalBatch` positions a step and `size` positions
  /// a micro-batch. It depends on no rank: a rank differs from another only in which micro-batches it computes.
  package static func positions(step: Int, microBatch: Int, globalBatch: Int, size: Int) -> Range<Int> {
    let first = step * globalBatch + microBatch * size
    return first..<first + size
  }
}

/// The permutations of the last two epochs that were asked for: a batch may lie across the end of an epoch.
private final class RecentEpochs: Sendable {
  private let kept = Mutex<[(epoch: Int, order: [UInt32])]>([])

  func permutation(ofEpoch epoch: Int, make: () -> [UInt32]) -> [UInt32] {
    kept.withLock { kept in
      if let known = kept.first(where: { $0.epoch == epoch }) { return known.order }
      let order = make()
      kept = kept.suffix(1) + [(epoch, order)]
      return order
    }
  }
}

/// Random permutations.
enum Permutation {
  /// The numbers 0 ..< `count` in random order; `count` below 2^32.
  ///
  /// Source: Fisher and Yates, in Durstenfeld's form: "Algorithm 235: random permutation", CACM 7 (1964).
  static func shuffled(_ count: Int, random: inout RandomStream) -> [UInt32] {
    var order = Array(0..<UInt32(count))
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, random.integer(below: last + 1))
    }
    return order
  }
}
