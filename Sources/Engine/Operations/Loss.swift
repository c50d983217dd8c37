import Kernels
import Planner

extension Executor {
  /// Runs the loss, or its gradient.
  mutating func scoreLoss(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var y = unsafe output(instruction.writes[0]).mutableSpan
    let labels = unsafe batch.labels.span
    switch instruction.operation {
    case .crossEntropy(let classes, let labelSmoothing):
      let result = CrossEntropy.forward(
        rows: program.batch, valid: unsafe batch.valid, classes: classes, labelSmoothing: labelSmoothing, logits: x,
        labels: labels, probabilities: &y)
      note(Score(loss: result.lossSum, correct: result.correct, samples: unsafe batch.valid))
    case .crossEntropyBackward(let classes, let labelSmoothing):
      CrossEntropy.backward(
        rows: program.batch, valid: unsafe batch.valid, classes: classes, labelSmoothing: labelSmoothing,
        scale: 1 / Float(context.globalBatch), probabilities: x, labels: labels, dLogits: &y)
    default: break
    }
  }

  /// Keeps the score for the caller and, in training, writes it into the trailer.
  private mutating func note(_ score: Score) {
    unsafe frame?.score = score
    guard let gradient = unsafe frame?.gradient else { return }
    unsafe gradient[layout.index(of: .loss)] = Float(score.loss)
    unsafe gradient[layout.index(of: .correct)] = Float(score.correct)
    unsafe gradient[layout.index(of: .samples)] = Float(score.samples)
  }
}
