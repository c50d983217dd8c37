/// A piece of the flat buffers that one rule updates: the gradient, the weights and each of the rule's states, element
/// by element.
///
/// The states of all elements lie one after the other: state k of element i at k · `stride` + i. The memory outlives
/// the piece and nobody else touches it meanwhile.
@safe
package struct UpdatePiece {
  /// The number of elements.
  package let count: Int
  let gradient: UnsafeMutablePointer<Float>
  let weights: UnsafeMutablePointer<Float>
  private let states: UnsafeMutablePointer<Float>
  private let stride: Int

  /// A piece of `count` elements.
  ///
  /// - Parameters:
  ///   - gradient: the reduced gradient, which the update may change.
  ///   - weights: the parameters.
  ///   - states: the first state of the piece's first element.
  ///   - stride: the floats between one state and the next.
  @unsafe
  package init(
    count: Int, gradient: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>,
    states: UnsafeMutablePointer<Float>, stride: Int
  ) {
    self.count = count
    unsafe self.gradient = gradient
    unsafe self.weights = weights
    unsafe self.states = states
    self.stride = stride
  }

  /// The first element of a state, by its index in the rule's list.
  func state(_ index: Int) -> UnsafeMutablePointer<Float> { unsafe states + index * stride }

  /// What an update reads: the gradient, or the direction that a rule has made of it.
  package func withGradient<Result>(_ body: (Span<Float>) -> Result) -> Result {
    unsafe body(UnsafeBufferPointer(start: gradient, count: count).span)
  }

  /// The parameters.
  package func withWeights<Result>(_ body: (Span<Float>) -> Result) -> Result {
    unsafe body(UnsafeBufferPointer(start: weights, count: count).span)
  }
}
