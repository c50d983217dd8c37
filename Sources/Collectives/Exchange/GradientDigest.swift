import Hashing

/// A 64-bit digest of a gradient that many ranks can compute together: the wrapping sum of one hash per block of the
/// flat buffer. The hash is keyed by the block's position, so the sum notices blocks that change places, yet it does not
/// depend on how the blocks are spread over ranks and buckets.
package enum GradientDigest {
  /// The sum of the hashes of the blocks that lie in `range` of the flat buffer.
  ///
  /// - Parameters:
  ///   - range: starts with a block and ends with one or with the buffer.
  ///   - values: the floats of `range`; its first one is element `range.lowerBound` of the flat buffer.
  ///   - count: the floats from the start of the flat buffer that are part of the digest; later ones are left out.
  ///   - block: the floats of a block.
  package static func share(of range: Range<Int>, values: UnsafePointer<Float>, count: Int, block: Int) -> UInt64 {
    precondition(range.lowerBound.isMultiple(of: block), "\(range) does not start with a block")
    var sum: UInt64 = 0
    for start in stride(from: range.lowerBound, to: min(range.upperBound, count), by: block) {
      let length = min(block, range.upperBound - start, count - start)
      let floats = unsafe UnsafeBufferPointer(start: values + (start - range.lowerBound), count: length)
      sum &+= unsafe Digest.block(floats.span, seed: UInt64(start / block))
    }
    return sum
  }
}
