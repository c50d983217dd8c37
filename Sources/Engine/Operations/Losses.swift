import Kernels
import Planner

extension Execution {
  /// One term of the loss: its gradient, and what it adds to the metrics. Only the network's output has answers that
  /// can be right.
  mutating func loss(_ term: LossTerm, _ instruction: Instruction) {
    let found = evaluate(term, instruction)
    if term.isMain {
      note(Score(loss: found.loss, correct: found.correct, samples: batch.valid))
    } else {
      note(Score(loss: Double(term.weight) * found.loss))
    }
  }

  private func evaluate(_ term: LossTerm, _ instruction: Instruction) -> (loss: Double, correct: Int) {
    var gradient = output(instruction)
    return LossFunction.evaluate(
      term.loss, output: term.output, batch: program.batch, valid: batch.valid,
      scale: term.weight / Float(context.globalBatch), x: input(instruction), labels: batch.labels,
      targets: targets(term), gradient: &gradient)
  }

  @_lifetime(borrow self)
  private func targets(_ term: LossTerm) -> Span<Float> {
    guard let index = term.targets else { return Span() }
    return batch.targets[index].span
  }

  /// Adds to the score for the caller and, in training, writes it into the trailer.
  private mutating func note(_ part: Score) {
    score.loss += part.loss
    score.correct += part.correct
    score.samples += part.samples
    guard hasGradient else { return }
    write(Float(score.loss), to: .loss)
    write(Float(score.correct), to: .correct)
    write(Float(score.samples), to: .samples)
  }

  private func write(_ value: Float, to metric: Metric) {
    let index = layout.index(of: metric)
    var trailer = gradient(index..<index + 1)
    trailer[0] = value
  }

  /// Sets all of the trailer to zero: statistics, metrics and digests.
  func clearTrailer() {
    var trailer = gradient(layout.parameterEnd..<layout.exchangedCount)
    Elementwise.fill(0, into: &trailer)
  }
}
