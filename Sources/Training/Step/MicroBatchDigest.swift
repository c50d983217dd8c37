import Hashing
import Kernels
import Planner

/// The digest of what one micro-batch contributed: its samples as they were read, and its gradient, in the order of the
/// layout. The ledger keeps it, and a replay compares it.
package enum MicroBatchDigest {
  /// The digest as numbers that a sum with zeros leaves exact: 16 bits in each.
  package static func encode(_ digest: UInt64) -> [Float] {
    (0..<FlatLayout.digestWidth).map { Float((digest >> (16 * UInt64($0))) & 0xFFFF) }
  }

  /// The digest that `encode` made numbers of.
  package static func decode(_ numbers: [Float]) -> UInt64 {
    numbers.enumerated().reduce(0) { $0 | UInt64($1.element) << (16 * UInt64($1.offset)) }
  }

  /// One digest for those of several micro-batches, in their order.
  package static func joined(_ digests: [UInt64]) -> UInt64 { Digest.block(digests.span, seed: 0) }
}
