import Kernels
import Network
import Planner

extension Executor {
  /// Runs one term of the loss: its gradient, and what it adds to the metrics. Only the network's output has answers
  /// that can be right.
  mutating func score(_ term: LossTerm, _ instruction: Instruction) {
    let targets = unsafe term.targets.map { unsafe batch.targets[$0] } ?? UnsafeBufferPointer(start: nil, count: 0)
    var gradient = unsafe output(instruction.writes[0]).mutableSpan
    let found = LossFunction.evaluate(
      term.loss, output: term.output, batch: program.batch, valid: unsafe batch.valid,
      scale: term.weight / Float(context.globalBatch), x: unsafe input(instruction.reads[0]).span,
      labels: unsafe batch.labels.span, targets: unsafe targets.span, gradient: &gradient)
    if term.isMain {
      note(Score(loss: found.loss, correct: found.correct, samples: unsafe batch.valid))
    } else {
      note(Score(loss: Double(term.weight) * found.loss))
    }
  }

  /// Adds to the score for the caller and, in training, writes it into the trailer.
  private mutating func note(_ part: Score) {
    guard var score = unsafe frame?.score else { return }
    score.loss += part.loss
    score.correct += part.correct
    score.samples += part.samples
    unsafe frame?.score = score
    guard let gradient = unsafe frame?.gradient else { return }
    unsafe gradient[layout.index(of: .loss)] = Float(score.loss)
    unsafe gradient[layout.index(of: .correct)] = Float(score.correct)
    unsafe gradient[layout.index(of: .samples)] = Float(score.samples)
  }
}
