import Configuration
import Network
import Operators
import Optimizers
import Planner
import StrictYAML

// What is asked of a run before anything of it is done, beside what the configuration checks for itself.

extension Blueprint {
  /// A schedule that waits for evaluations must get some while there are steps to take.
  func checkPlateau() throws(RunError) {
    let train = configuration.train
    guard train.schedule.rule.evaluationsToChange != nil, StepCalendar(self).evaluationsBeforeEnd == 0 else { return }
    let interval = configuration.evaluate.everyEpochs.map { Display.trimmed($0, 4) } ?? "null"
    throw RunError(
      .unusable,
      "train.schedule: \(train.schedule.alternative(.brief).name) follows the evaluations, but with "
        + "evaluate.every-epochs at \(interval) there is none before the end of "
        + "\(Display.trimmed(epochs(after: steps), 4)) epochs; give evaluate.every-epochs a lower number")
  }
}

extension StepPlan {
  /// Checks that the network can be trained, and that its losses need no more than a dataset has: one label for each
  /// image.
  func checkAnswers(classes: Int, network: String) throws(RunError) {
    if layout.parameters.isEmpty {
      throw RunError(.unusable, "model \(network): has no parameters, so there is nothing to train")
    }
    if let values = training.targets.first {
      throw RunError(
        .unusable,
        "model \(network): its loss reads '\(values.name)' of \(values.shape), but the data has only labels; use a "
          + "loss with targets: labels (debug step reads values from a file)")
    }
    for instruction in training.instructions {
      guard case .loss(let term) = instruction.operation, term.loss.picksChannelByLabel else { continue }
      guard term.output == Shape(features: classes) else {
        let place = term.isMain ? "its output" : "head '\(instruction.path.dropFirst("loss.".count))'"
        throw RunError(
          .unusable,
          "model \(network), \(place): \(term.loss.kind) needs one logit for each of the \(classes) classes of the "
            + "data, but its input is \(term.output); end with 'dense: {features: \(classes)}'")
      }
    }
  }

  /// The variance of a single number is not defined, so batch normalization cannot be trained on one.
  func checkStatistics() throws(RunError) {
    let program = training
    for instruction in program.instructions {
      guard case .batchNormalization(_, let positions, _, _) = instruction.operation else { continue }
      guard program.batch * positions > 1 else {
        throw RunError(
          .unusable,
          "layer '\(instruction.path)' (batch-norm): train.micro-batch is 1 and gives it one number per channel, which "
            + "has no variance; use a micro-batch of at least 2")
      }
    }
  }
}
