internal import Collectives

/// The answer to an `ExchangeCase`, found by one thread that follows the definition of the tree by recursion.
struct ExchangeOracle {
  private(set) var parameters: [Float]
  private(set) var digests: [UInt64] = []

  /// Runs all steps of the case.
  init(_ problem: ExchangeCase) {
    parameters = problem.initialParameters
    for step in 0..<problem.steps {
      let gradient = Self.sum(of: 0..<problem.leaves) { problem.leaf($0, step: step) }
      for index in parameters.indices {
        parameters[index] = ExchangeCase.updated(parameters[index], gradient: gradient[index])
      }
      digests.append(Self.digest(of: gradient, count: problem.gradientCount))
    }
  }

  private static func digest(of gradient: [Float], count: Int) -> UInt64 {
    unsafe gradient.withUnsafeBufferPointer { floats in
      guard let start = floats.baseAddress else { return 0 }
      return unsafe GradientDigest.share(of: 0..<floats.count, values: start, count: count, block: ExchangeCase.block)
    }
  }

  /// The sum over a node: the largest power of two below n goes to the left.
  static func sum(of node: Range<Int>, leaf: (Int) -> [Float]) -> [Float] {
    guard node.count > 1 else { return leaf(node.lowerBound) }
    var half = 1
    while 2 * half < node.count { half *= 2 }
    let middle = node.lowerBound + half
    var left = sum(of: node.lowerBound..<middle, leaf: leaf)
    let right = sum(of: middle..<node.upperBound, leaf: leaf)
    for index in left.indices { left[index] += right[index] }
    return left
  }
}
