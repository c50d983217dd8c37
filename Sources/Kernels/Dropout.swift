internal import CKernels
package import Randomness

/// Dropout with masks that are pure functions of the random stream.
///
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014), in
/// the inverted form: what is kept is scaled up during training.
package enum Dropout {
  /// The mask of one sample: 1/(1 - rate) for what is kept, 0 for the rest.
  ///
  /// Element i is kept when word i of the stream, as a uniform number in [0, 1), is at least `rate`.
  ///
  /// - Parameters:
  ///   - rate: the probability to drop an element, in 0...1.
  ///   - stream: the stream of this layer, step and sample; read from its first word on.
  ///   - sampleElements: the number of elements of the sample.
  ///   - mask: the masks of all samples, one after the other.
  ///   - offset: where in `mask` the sample's begins.
  package static func mask(
    rate: Float, stream: RandomStream, sampleElements: Int, mask: inout MutableSpan<Float>, at offset: Int = 0
  ) {
    precondition(rate >= 0 && rate <= 1, "a dropout rate of \(rate) is outside 0...1")
    precondition(
      offset >= 0 && sampleElements >= 0 && sampleElements <= mask.count - offset,
      "mask: \(sampleElements) floats at \(offset) leave \(mask.count)")
    let (key, counter) = stream.philox
    unsafe withUnsafePointer(to: (key.x, key.y)) { key in
      unsafe withUnsafePointer(to: (counter.y, counter.z, counter.w)) { counter in
        unsafe mask.withPointer { mask in
          unsafe ck_loops().pointee.dropout_mask(
            sampleElements, UnsafeRawPointer(key).assumingMemoryBound(to: UInt32.self),
            UnsafeRawPointer(counter).assumingMemoryBound(to: UInt32.self), rate, 1 / (1 - rate), mask + offset)
        }
      }
    }
  }
}
