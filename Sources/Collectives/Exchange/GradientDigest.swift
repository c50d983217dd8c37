import Hashing

/// A 64-bit digest of a gradient that many ranks can compute together: the wrapping sum of one hash per block of 256
/// floats. The hash is keyed by the block's position, so the sum notices blocks that change places, yet it does not
/// depend on how the blocks are spread over ranks and buckets.
package enum GradientDigest {
  /// The sum of the hashes of the blocks that lie in `range` of the flat buffer.
  ///
  /// - Parameters:
  ///   - range: starts at a multiple of 256 and ends at one or at the buffer's end.
  ///   - values: the floats of `range`; its first one is element `range.lowerBound` of the flat buffer.
  ///   - count: the floats from the start of the flat buffer that are part of the digest; later ones are left out.
  package static func share(of range: Range<Int>, values: UnsafePointer<Float>, count: Int) -> UInt64 {
    precondition(range.lowerBound.isMultiple(of: BucketLayout.blockElements), "\(range) does not start with a block")
    var sum: UInt64 = 0
    for start in stride(from: range.lowerBound, to: min(range.upperBound, count), by: BucketLayout.blockElements) {
      let length = min(BucketLayout.blockElements, range.upperBound - start, count - start)
      let floats = unsafe UnsafeBufferPointer(start: values + (start - range.lowerBound), count: length)
      let block = UInt64(start / BucketLayout.blockElements)
      sum &+= unsafe Digest.block(floats.span, seed: block)
    }
    return sum
  }
}
