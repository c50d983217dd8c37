import Foundation
import Network
import Operators
import Planner

/// What a term of the loss comes to over the valid samples.
struct LossValue {
  /// The sum of the samples' losses.
  var sum = 0.0
  /// Its gradient with respect to each valid sample's output, [position][channel].
  var gradient: [[Double]] = []
}

extension Execution {
  /// Adds a term to the loss and writes its gradient; samples beyond the valid ones have none and are seen by none.
  mutating func loss(_ term: LossTerm, _ instruction: Instruction) {
    let size = term.output.count
    let x = read(instruction)
    let outputs = (0..<batch.valid).map { Array(x[$0 * size..<($0 + 1) * size]) }
    let value = value(of: term, outputs, instruction)
    loss += Double(term.weight) * value.sum
    if term.isMain { correct += correctSamples(term, outputs) }
    let factor = Double(term.weight) / Double(globalBatch)
    let unseen = [Double](repeating: 0, count: (program.batch - batch.valid) * size)
    write(value.gradient.joined().map { factor * $0 } + unseen, instruction)
  }

  private mutating func value(of term: LossTerm, _ outputs: [[Double]], _ instruction: Instruction) -> LossValue {
    switch term.loss {
    case .triplet(let loss): triplet(loss, outputs, instruction)
    case .contrastive(let loss): contrastive(loss, outputs, instruction)
    case .cosine(let loss): cosine(loss, outputs, instruction)
    default: elementwise(term, outputs)
    }
  }

  /// The values that a sample's output is to come near to: dense targets, or at each position a one at its label.
  func targets(_ term: LossTerm, _ sample: Int) -> [Double] {
    let (size, channels) = (term.output.count, term.output.channels)
    if let index = term.targets { return Array(batch.targets[index][sample * size..<(sample + 1) * size]) }
    return (0..<term.output.positions).flatMap { position -> [Double] in
      let label = batch.labels[sample * term.output.positions + position]
      precondition((0..<channels).contains(label), "label \(label) is not below the \(channels) channels")
      return (0..<channels).map { $0 == label ? 1 : 0 }
    }
  }

  private func correctSamples(_ term: LossTerm, _ outputs: [[Double]]) -> Int {
    switch term.loss {
    case .localization: return 0
    case .triplet, .contrastive: return samplesNearTheirClass(outputs) { -squaredDistance($0, $1) }
    case .cosine: return samplesNearTheirClass(outputs) { cosineOfAngle($0, $1) }
    case .crossEntropy, .meanSquaredError, .smoothL1, .binaryCrossEntropy:
      let channels = term.output.channels
      return outputs.indices.count { firstLargest(outputs[$0], channels) == firstLargest(targets(term, $0), channels) }
    }
  }

  /// How many samples have the label of the other sample to which they are closest, the first of several.
  private func samplesNearTheirClass(_ outputs: [[Double]], _ closeness: ([Double], [Double]) -> Double) -> Int {
    outputs.indices.count { sample in
      let others = outputs.indices.filter { $0 != sample }
      let largest = others.map { closeness(outputs[sample], outputs[$0]) }.max()
      let nearest = others.first { closeness(outputs[sample], outputs[$0]) == largest }
      return nearest.map { batch.labels[$0] == batch.labels[sample] } ?? false
    }
  }
}

/// At each position the first channel with the largest value.
private func firstLargest(_ x: [Double], _ channels: Int) -> [Int?] {
  stride(from: 0, to: x.count, by: channels).map { start in
    let row = Array(x[start..<start + channels])
    return row.firstIndex(of: row.max() ?? 0)
  }
}

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
      let wanted = row.map { index in
        let weight = loss.classWeights.isEmpty ? 1 : Double(loss.classWeights[index - start])
        return weight * ((1 - loss.labelSmoothing) * t[index] + loss.labelSmoothing / Double(classes))
      }
      let sum = wanted.reduce(0, +)
      total += zip(wanted, x[row]).reduce(0) { $0 + $1.0 * (logTotal - $1.1) } / positions
      gradient += zip(wanted, probabilities[row]).map { ($1 * sum - $0) / positions }
    }
    return (total, gradient)
  }
}
