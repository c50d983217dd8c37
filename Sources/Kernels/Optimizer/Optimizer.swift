internal import CKernels

/// Updates of parameters and of running statistics. Element i of the result depends on element i of the operands only,
/// so a cut of the buffers changes no bit.
///
/// The formulas are PyTorch's (`torch.optim`, version 2.13) unless an update names another source. With w the weights,
/// g the gradient and λ the decay: g' = g + λ · w.
package enum Optimizer {
  /// Gradient descent: w -= rate · g'.
  package static func descend(_ piece: UpdatePiece, rate: Float, decay: Float) {
    unsafe ck_loops().pointee.sgd(piece.count, rate, decay, piece.gradient, piece.weights)
  }

  /// Gradient descent with momentum: v = momentum · v + g', then w -= rate · v or, with Nesterov's method,
  /// w -= rate · (g' + momentum · v). State 0 is v.
  ///
  /// Source: Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning",
  /// ICML 2013, in PyTorch's form, where the rate stands outside of the velocity.
  package static func descend(_ piece: UpdatePiece, rate: Float, decay: Float, momentum: Float, nesterov: Bool) {
    let loops = unsafe ck_loops()
    let (n, g, v, w) = unsafe (piece.count, piece.gradient, piece.state(0), piece.weights)
    if nesterov {
      unsafe loops.pointee.sgd_nesterov(n, rate, momentum, decay, g, v, w)
    } else {
      unsafe loops.pointee.sgd_momentum(n, rate, momentum, decay, g, v, w)
    }
  }

  /// As above with a damped gradient: v = momentum · v + fresh · g', w -= rate · v. State `index` is v.
  package static func descend(
    _ piece: UpdatePiece, rate: Float, decay: Float, momentum: Float, fresh: Float, state index: Int = 0
  ) {
    unsafe ck_loops().pointee.sgd_dampened(
      piece.count, rate, momentum, fresh, decay, piece.gradient, piece.state(index), piece.weights)
  }

  /// What one step of Adam multiplies with.
  package struct AdamFactors: Hashable, Sendable {
    /// The rate over the bias correction of the first moment; for a direction that correction alone.
    package var rate: Float
    /// What is left of a weight by decoupled decay; 1 without.
    package var shrink: Float = 1
    /// The part of a weight that is added to the gradient, or to the direction.
    package var penalty: Float = 0
    /// 1 - beta1.
    package var fresh1: Float
    /// beta2.
    package var beta2: Float
    /// 1 - beta2.
    package var fresh2: Float
    /// The bias correction of the root of the second moment.
    package var rootScale: Float
    /// What is added to the root.
    package var epsilon: Float

    /// All factors, with no decay.
    package init(rate: Float, fresh1: Float, beta2: Float, fresh2: Float, rootScale: Float, epsilon: Float) {
      self.rate = rate
      self.fresh1 = fresh1
      self.beta2 = beta2
      self.fresh2 = fresh2
      self.rootScale = rootScale
      self.epsilon = epsilon
    }

    fileprivate var c: ck_adam {
      ck_adam(
        rate: rate, shrink: shrink, penalty: penalty, fresh1: fresh1, beta2: beta2, fresh2: fresh2,
        root_scale: rootScale, epsilon: epsilon)
    }
  }

  /// Adam and AdamW: m and v, states 0 and 1, are moving averages of g + penalty · w and of its square;
  /// w = shrink · w - rate · m / (√v · rootScale + epsilon).
  ///
  /// Source: Kingma and Ba, "Adam", ICLR 2015, algorithm 1; Loshchilov and Hutter, "Decoupled weight decay
  /// regularization", ICLR 2019, algorithm 2.
  package static func adam(_ piece: UpdatePiece, _ factors: AdamFactors) {
    var c = factors.c
    unsafe ck_loops().pointee.adam(
      piece.count, &c, piece.gradient, piece.state(0), piece.state(1), piece.weights)
  }

  /// Adamax: m, state 0, is the moving average of g' = g + penalty · w; u, state 1, becomes
  /// max(beta2 · u, |g'| + epsilon); w = w - rate · m / u.
  ///
  /// Source: Kingma and Ba, "Adam", ICLR 2015, algorithm 2, with PyTorch's epsilon.
  package static func adamax(_ piece: UpdatePiece, _ factors: AdamFactors) {
    var c = factors.c
    unsafe ck_loops().pointee.adamax(
      piece.count, &c, piece.gradient, piece.state(0), piece.state(1), piece.weights)
  }

  /// The direction of LAMB takes the gradient's place: rate · m / (√v · rootScale + epsilon) + penalty · w, with m and
  /// v of the plain gradient as states 0 and 1.
  ///
  /// Source: You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020,
  /// algorithm 2.
  package static func adamDirection(_ piece: UpdatePiece, _ factors: AdamFactors) {
    var c = factors.c
    unsafe ck_loops().pointee.adam_direction(
      piece.count, &c, piece.gradient, piece.state(0), piece.state(1), piece.weights)
  }

  /// g' / (√s + epsilon) takes the gradient's place, s = keep · s + fresh · g'² being state 0; with `mean`, the state
  /// of the gradient's own moving average, its square is taken off s.
  ///
  /// Source: Tieleman and Hinton, "Lecture 6.5: rmsprop", 2012; centered: Graves, "Generating sequences with recurrent
  /// neural networks", 2013, eq. 38 to 40.
  package static func rootMeanSquareDirection(
    _ piece: UpdatePiece, keep: Float, fresh: Float, epsilon: Float, decay: Float, mean: Int?
  ) {
    let loops = unsafe ck_loops()
    let (n, g, s, w) = unsafe (piece.count, piece.gradient, piece.state(0), piece.weights)
    if let mean {
      unsafe loops.pointee.rms_centered_direction(n, keep, fresh, epsilon, decay, g, s, piece.state(mean), w)
    } else {
      unsafe loops.pointee.rms_direction(n, keep, fresh, epsilon, decay, g, s, w)
    }
  }

  /// g' / (√s + epsilon) takes the gradient's place, s = s + g'² being state 0.
  ///
  /// Source: Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 2011.
  package static func adagradDirection(_ piece: UpdatePiece, epsilon: Float, decay: Float) {
    unsafe ck_loops().pointee.adagrad_direction(
      piece.count, epsilon, decay, piece.gradient, piece.state(0), piece.weights)
  }

  /// Multiplies the gradient by a factor, as clipping by its norm does.
  package static func scaleGradient(_ piece: UpdatePiece, by factor: Float) {
    unsafe ck_loops().pointee.rescale(piece.count, factor, piece.gradient)
  }

  /// Limits each element of the gradient to -limit ... limit; NaN stays NaN.
  package static func clampGradient(_ piece: UpdatePiece, to limit: Float) {
    unsafe ck_loops().pointee.clamp(piece.count, limit, piece.gradient)
  }

  /// A state moves a part of the way to the weights: s = (1 - part) · s + part · w.
  package static func averageWeights(_ piece: UpdatePiece, part: Float, state index: Int) {
    unsafe ck_loops().pointee.average(piece.count, part, 1, piece.weights, piece.state(index))
  }

  /// The weights become what a state holds.
  package static func takeWeights(_ piece: UpdatePiece, fromState index: Int) {
    unsafe piece.weights.update(from: piece.state(index), count: piece.count)
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
