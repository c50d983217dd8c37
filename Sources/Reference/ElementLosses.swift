import Foundation
import Network
import Operators
import Planner

/// Losses that see each sample alone.
extension Execution {
  func elementwise(_ term: LossTerm, _ outputs: [[Double]]) -> LossValue {
    var value = LossValue()
    for (sample, x) in outputs.enumerated() {
      let (loss, gradient) = elementwise(term, x, sample)
      value.sum += loss
      value.gradient.append(gradient)
    }
    return value
  }

  /// One sample's loss and gradient.
  private func elementwise(_ term: LossTerm, _ x: [Double], _ sample: Int) -> (loss: Double, gradient: [Double]) {
    let t = targets(term, sample)
    let pairs = Array(zip(x, t))
    func mean(_ loss: (Double, Double) -> Double, _ slope: (Double, Double) -> Double) -> (Double, [Double]) {
      let count = Double(x.count)
      return (pairs.map(loss).reduce(0, +) / count, pairs.map { slope($0, $1) / count })
    }
    switch term.loss {
    case .crossEntropy(let loss): return crossEntropy(loss, x, t, term.output)
    case .meanSquaredError: return mean({ square($0 - $1) }, { 2 * ($0 - $1) })
    case .smoothL1(let loss):
      return mean(
        { abs($0 - $1) < loss.beta ? square($0 - $1) / (2 * loss.beta) : abs($0 - $1) - loss.beta / 2 },
        { max(-1, min(1, ($0 - $1) / loss.beta)) })
    case .binaryCrossEntropy:
      // −t·log σ(x) − (1 − t)·log(1 − σ(x)) = log(1 + e^−|x|) + max(x, 0) − t·x.
      return mean({ log1p(exp(-abs($0))) + max($0, 0) - $1 * $0 }, { 1 / (1 + exp(-$0)) - $1 })
    case .localization(let loss):
      let factor: Double = batch.labels[sample] == loss.background ? 0 : 1
      return (factor * squaredDistance(x, t), pairs.map { factor * 2 * ($0 - $1) })
    case .triplet, .contrastive, .cosine: preconditionFailure("'\(term.loss.kind)' compares samples")
    }
  }

  /// ℓ = mean over positions of −Σ w·t'·log p with t' = (1 − ε)·t + ε/K, as PyTorch's `cross_entropy` before it divides
  /// by the sum of the weights; dx = p · Σ w·t' − w·t'.
  ///
  /// Source: Szegedy et al., "Rethinking the inception architecture for computer vision", 2015, section 7.
  private func crossEntropy(
    _ loss: CrossEntropyLoss, _ x: [Double], _ t: [Double], _ output: Shape
  ) -> (Double, [Double]) {
    let (classes, positions) = (output.channels, Double(output.positions))
    let probabilities = normalizedExponentials(x, classes)
    var (total, gradient) = (0.0, [Double]())
    for start in stride(from: 0, to: x.count, by: classes) {
      let row = start..<start + classes
      let largest = x[row].max() ?? 0
      let logTotal = largest + log(x[row].reduce(0) { $0 + exp($1 - largest) })
      let wanted = row.map { place in
        let weight = loss.classWeights.isEmpty ? 1 : Double(loss.classWeights[place - start])
        return weight * ((1 - loss.labelSmoothing) * t[place] + loss.labelSmoothing / Double(classes))
      }
      let sum = wanted.reduce(0, +)
      total += zip(wanted, x[row]).reduce(0) { $0 + $1.0 * (logTotal - $1.1) } / positions
      gradient += zip(wanted, probabilities[row]).map { ($1 * sum - $0) / positions }
    }
    return (total, gradient)
  }
}
