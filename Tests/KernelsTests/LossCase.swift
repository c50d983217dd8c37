import Kernels
import Operators

/// A loss with data, as kernels see it.
struct LossCase: Sendable {
  var loss: Loss
  var output: Shape
  var batch: Int
  var valid: Int
  var x: [Float]
  var labels: [Int32]
  var targets: [Float] = []

  /// Random data; padding has labels that no class has, and NaN for targets.
  init(_ loss: Loss, _ output: Shape, batch: Int, valid: Int, seed: UInt64, classes: Int? = nil) {
    var dice = Dice(seed)
    self.loss = loss
    self.output = output
    self.batch = batch
    self.valid = valid
    let classes = classes ?? output.channels
    let positions = loss.picksChannelByLabel ? output.positions : 1
    x = dice.floats(batch * output.count)
    labels = (0..<batch * positions).map { Int32($0 < valid * positions ? dice.integer(0...classes - 1) : -1) }
    guard loss.readsValues else { return }
    targets = dice.floats(batch * output.count).map { abs($0) }
    for i in valid * output.count..<targets.count { targets[i] = .nan }
  }

  /// A random shape and size of micro-batch.
  static func random(_ loss: Loss, seed: UInt64, vector: Bool = false) -> LossCase {
    var dice = Dice(seed)
    let side = { (dice: inout Dice) in vector || seed % 2 == 0 ? 1 : dice.integer(1...4) }
    let output = Shape(channels: dice.integer(2...9), height: side(&dice), width: side(&dice))
    let batch = dice.integer(1...6)
    return LossCase(loss, output, batch: batch, valid: dice.integer(0...batch), seed: seed &+ 1000)
  }

  func evaluate(scale: Float = 1) -> (loss: Double, correct: Int, gradient: [Float]) {
    var result = (loss: 0.0, correct: 0)
    let gradient = written(x.count) {
      result = LossFunction.evaluate(
        loss, output: output, batch: batch, valid: valid, scale: scale, x: x.span, labels: labels.span,
        targets: targets.span, gradient: &$0)
    }
    return (result.loss, result.correct, gradient)
  }

  /// The valid numbers of x.
  var validCount: Int { valid * output.count }

  /// The target value of element i: 1 for the label's channel.
  func target(_ i: Int) -> Double {
    guard targets.isEmpty else { return Double(targets[i]) }
    return Int(labels[i / output.channels]) == i % output.channels ? 1 : 0
  }

  /// The largest error of loss and gradient against `definition`, the sum of ℓ as a function of x, relative to 1.
  func error(scale: Float = 0.25, _ definition: ([Double]) -> Double) -> Double {
    let got = evaluate(scale: scale)
    let slopes = x.indices.map { Double(scale) * derivative(x.doubles, $0, definition) }
    let want = definition(x.doubles)
    return max(abs(got.loss - want) / max(1, abs(want)), distance(got.gradient, slopes, scale: 1))
  }
}
