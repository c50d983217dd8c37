import Foundation
import Planner

extension Execution {
  /// loss = −Σ target · log p with target = (1 − ε) · onehot + ε/classes, as PyTorch's `cross_entropy`.
  ///
  /// Source: Szegedy et al., "Rethinking the inception architecture for computer vision", 2015, section 7.
  mutating func crossEntropy(_ classes: Int, _ smoothing: Double, _ instruction: Instruction) {
    let logits = read(instruction)
    write(normalizedExponentials(logits, classes), instruction)
    for sample in 0..<batch.valid {
      let row = Array(logits[sample * classes..<(sample + 1) * classes])
      let target = target(sample, classes, smoothing)
      let largest = row.max() ?? 0
      let logTotal = largest + log(row.reduce(0) { $0 + exp($1 - largest) })
      loss += zip(target, row).reduce(0) { $0 + $1.0 * (logTotal - $1.1) }
      correct += row.firstIndex(of: largest) == batch.labels[sample] ? 1 : 0
    }
  }

  /// dlogits = (p − target) / global batch.
  mutating func crossEntropyBackward(_ classes: Int, _ smoothing: Double, _ instruction: Instruction) {
    let probabilities = read(instruction)
    var gradient = [Double](repeating: 0, count: probabilities.count)
    for sample in 0..<batch.valid {
      for (column, target) in target(sample, classes, smoothing).enumerated() {
        let place = sample * classes + column
        gradient[place] = (probabilities[place] - target) / Double(globalBatch)
      }
    }
    write(gradient, instruction)
  }

  private func target(_ sample: Int, _ classes: Int, _ smoothing: Double) -> [Double] {
    let label = batch.labels[sample]
    precondition((0..<classes).contains(label), "label \(label) is not below the \(classes) classes")
    return (0..<classes).map { (1 - smoothing) * ($0 == label ? 1 : 0) + smoothing / Double(classes) }
  }
}
