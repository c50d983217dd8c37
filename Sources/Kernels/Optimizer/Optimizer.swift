internal import CKernels

/// Updates of parameters and of running statistics. Element i of the result depends on element i of the operands only.
package enum Optimizer {
  /// One step of stochastic gradient descent, by PyTorch's formulas: with g' = g + weightDecay · w,
  /// v = momentum · v + g' and w -= learningRate · v, or with Nesterov's method w -= learningRate · (g' + momentum · v).
  ///
  /// The momentum buffer starts as zeros. All operands have the same count.
  ///
  /// Source: Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning",
  /// ICML 2013, in the form of `torch.optim.SGD` with no dampening.
  ///
  /// - Parameter momentumBuffer: empty when `momentum` is 0.
  package static func sgd(
    learningRate: Float, momentum: Float, nesterov: Bool, weightDecay: Float, gradient: Span<Float>,
    momentumBuffer: inout MutableSpan<Float>, parameters: inout MutableSpan<Float>
  ) {
    precondition(gradient.count == parameters.count, "gradient and parameters differ in count")
    precondition(
      momentumBuffer.count == gradient.count || (momentum == 0 && momentumBuffer.isEmpty),
      "momentumBuffer: \(gradient.count) floats, or none without momentum")
    let count = gradient.count
    let hasMomentum = momentum != 0
    unsafe withPointers(gradient, &momentumBuffer, &parameters) { g, v, w in
      let loops = unsafe ck_loops()
      switch (hasMomentum, nesterov) {
      case (false, _): unsafe loops.pointee.sgd(count, learningRate, weightDecay, g, w)
      case (true, false): unsafe loops.pointee.sgd_momentum(count, learningRate, momentum, weightDecay, g, v, w)
      case (true, true): unsafe loops.pointee.sgd_nesterov(count, learningRate, momentum, weightDecay, g, v, w)
      }
    }
  }

  /// average = (1 - rate) · average + rate · (scale · observation).
  package static func exponentialAverage(
    rate: Float, observation: Span<Float>, scale: Float, average: inout MutableSpan<Float>
  ) {
    precondition(observation.count == average.count, "observation and average differ in count")
    let count = observation.count
    unsafe withPointers(observation, &average) { observation, average in
      unsafe ck_loops().pointee.average(count, rate, scale, observation, average)
    }
  }
}
