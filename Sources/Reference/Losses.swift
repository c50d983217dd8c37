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

  /// The numbers that a sample's output is to come near to: dense targets, or at each position a one at its label.
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
