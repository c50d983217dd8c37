import Configuration
package import Datasets
import Foundation
import Operators
import Optimizers

/// Looks at the scores of a run and says when it trains in vain. Each kind of sentence is said once.
package struct TrainingWatch {
  /// The share of the most frequent class among the test labels: what always answering it scores. Nil where a label is
  /// not what the loss asks for.
  private let chance: Double?
  /// The mean loss of who knows nothing, ln(classes); nil where the loss has no such value.
  private let guessing: Double?
  /// Epochs before which a bad score is no wonder.
  private let patience: Double
  /// Scores so far, in order.
  private var scores: [Score] = []
  private var saidChance = false
  private var saidExplosion = false

  private struct Score {
    let training: Double?
    let test: Double
  }

  /// A watch.
  ///
  /// - Parameters:
  ///   - chance: the share of the most frequent class among the test labels; nil where accuracy means nothing.
  ///   - guessing: the mean loss of who knows nothing; nil if there is no such value.
  ///   - warmUp: epochs in which the learning rate still rises.
  package init(chance: Double?, guessing: Double?, warmUp: Double) {
    self.chance = chance
    self.guessing = guessing
    // A whole epoch at rates that are meant to teach something.
    patience = warmUp + 1
  }

  /// Takes a score in and returns what is to be said about it.
  ///
  /// - Parameters:
  ///   - trainingLoss: the mean loss of the steps since the last score; nil if there were none.
  ///   - loss: the mean loss of the test data.
  ///   - accuracy: the share of test samples that were classified rightly.
  ///   - samples: the number of test samples.
  ///   - epochs: how far the run is.
  ///   - isLast: whether the run ends here.
  package mutating func note(
    trainingLoss: Double?, loss: Double, accuracy: Double, samples: Int, epochs: Double, isLast: Bool
  ) -> [String] {
    scores.append(Score(training: trainingLoss, test: loss))
    let patient = epochs >= patience || (isLast && epochs >= 1)
    return [patient ? chanceSentence(trainingLoss, accuracy, samples, epochs) : nil, explosionSentence()]
      .compactMap(\.self)
  }

  /// A score counts as chance up to one standard deviation above the share of the most frequent class: that of a score
  /// over so many samples of who guesses.
  private mutating func chanceSentence(
    _ trainingLoss: Double?, _ accuracy: Double, _ samples: Int, _ epochs: Double
  ) -> String? {
    guard !saidChance, let chance, chance < 1, accuracy < 1 else { return nil }
    let deviation = (chance * (1 - chance) / Double(max(1, samples))).squareRoot()
    guard accuracy <= chance + deviation else { return nil }
    saidChance = true
    var stuck = ""
    if let guessing, let trainingLoss, abs(trainingLoss - guessing) < 0.02 * guessing {
      stuck = ", and the training loss of \(Display.decimal(trainingLoss, 4)) is that of guessing"
    }
    return "test accuracy \(Display.percent(accuracy, 2)) after \(Display.decimal(epochs, 2)) epochs is no better than "
      + "always answering the most frequent class (\(Display.percent(chance, 2)))\(stuck); lower the learning rate "
      + "(train.schedule), and check labels and data.normalize (cnn-dist data info)"
  }

  /// How often in a row the test loss must exceed so many times its best. One bad score is noise: batch normalization's
  /// running statistics lag behind large steps.
  private static let explosions = [(factor: 2.0, scores: 3), (factor: 4.0, scores: 2)]

  /// The test loss explodes if it is not a finite number while the training loss is; or if it has exceeded its best as
  /// often and as much as `explosions` says, is still rising, and is no longer small against that of guessing, while
  /// the training loss has fallen since the best.
  private mutating func explosionSentence() -> String? {
    guard !saidExplosion, let last = scores.last, last.training?.isFinite ?? true else { return nil }
    let remedy =
      "the best checkpoint is kept (--resume best); lower the learning rate, augment the data or raise weight-decay, "
      + "and check that training and test data are prepared alike"
    guard last.test.isFinite else {
      saidExplosion = true
      return "the test loss is not a finite number although the training loss is; \(remedy)"
    }
    let finite = scores.enumerated().filter { $1.test.isFinite }
    guard let best = finite.min(by: { $0.element.test < $1.element.test }), isExploding(since: best.offset, last)
    else { return nil }
    saidExplosion = true
    return "the test loss has grown from \(Display.decimal(best.element.test, 4)) to \(Display.decimal(last.test, 4)) "
      + "while the training loss falls; \(remedy)"
  }

  private func isExploding(since best: Int, _ last: Score) -> Bool {
    let (floor, lowest) = ((guessing ?? scores[0].test) / 2, scores[best])
    guard let now = last.training, let then = lowest.training, now < then, last.test > floor else { return false }
    return Self.explosions.contains { factor, count in
      let recent = scores.suffix(count)
      return scores.count - count > best && recent.allSatisfy { $0.test > factor * lowest.test }
        && last.test >= (recent.first?.test ?? .infinity)
    }
  }
}

extension TrainingWatch {
  /// Labels that are counted to find the most frequent class.
  private static let labels = 100_000

  /// The watch of a run.
  package init(_ blueprint: Blueprint) {
    let train = blueprint.configuration.train
    let isClassification = train.loss.picksChannelByLabel && blueprint.dataset.test.classNames.count > 1
    var guessing: Double?
    if case .crossEntropy(let loss) = train.loss, isClassification, loss.classWeights.isEmpty {
      guessing = log(Double(blueprint.dataset.test.classNames.count))
    }
    self.init(
      chance: isClassification ? Self.largestShare(blueprint.dataset.test) : nil, guessing: guessing,
      warmUp: train.schedule.rule.warmUpEpochs)
  }

  /// The share of the most frequent class, of a part of the samples if there are very many.
  package static func largestShare(_ source: any SampleSource) -> Double {
    let counted = min(labels, source.count)
    var counts = [Int](repeating: 0, count: source.classNames.count)
    for place in 0..<counted { counts[source.label(of: place * source.count / counted)] += 1 }
    return Double(counts.max() ?? 0) / Double(max(1, counted))
  }
}
