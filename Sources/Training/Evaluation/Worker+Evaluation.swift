import Collectives
import Engine
package import Optimizers
import Planner

/// The score of a whole dataset: the same numbers, to the last digit, for any number of ranks and lanes.
package struct Evaluation: Hashable, Sendable {
  /// The mean loss.
  package let loss: Double
  /// The share of samples whose label was the first guess.
  package let accuracy: Double
  /// How many samples were scored: each exactly once.
  package let samples: Int
  /// The same of the averaged weights, if the run keeps them.
  package private(set) var average: Average?

  /// The score of the averaged weights.
  package struct Average: Hashable, Sendable {
    /// The mean loss.
    package let loss: Double
    /// The share of samples whose label was the first guess.
    package let accuracy: Double
  }

  /// Sums the scores of micro-batches, in their order.
  init(_ scores: [Score]) {
    samples = scores.reduce(0) { $0 + $1.samples }
    loss = scores.reduce(0) { $0 + $1.loss } / Double(max(1, samples))
    accuracy = Double(scores.reduce(0) { $0 + $1.correct }) / Double(max(1, samples))
  }
}

extension Evaluation {
  fileprivate func with(average other: Evaluation) -> Evaluation {
    var both = self
    both.average = Average(loss: other.loss, accuracy: other.accuracy)
    return both
  }
}

extension ScheduleScores {
  /// The scores of an evaluation; `trainLoss` is the mean since the evaluation before.
  package init(_ evaluation: Evaluation, trainLoss: Double) {
    self.init(trainLoss: trainLoss, testLoss: evaluation.loss, testAccuracy: evaluation.accuracy)
  }
}

extension Worker {
  /// Scores the test data with the present parameters, and with their average if the run keeps one. All ranks call it
  /// together; rank 0 gets the result.
  package func evaluate() throws(RunError) -> Evaluation? {
    let own = try score()
    guard let index = blueprint.updates.averageIndex else { return own }
    let weights = unsafe Array(
      UnsafeBufferPointer(start: buffers.parameters, count: blueprint.plan.layout.parameterEnd))
    // The lanes read the parameters where they always are, so the averaged ones stand there for a while.
    take(weights: try sharedState(index))
    let other = try score()
    take(weights: weights)
    return own.flatMap { own in other.map(own.with(average:)) }
  }

  private func take(weights: [Float]) {
    unsafe buffers.parameters.update(from: weights, count: blueprint.plan.layout.parameterEnd)
  }

  /// The score of the parameters as they stand in the flat buffer.
  private func score() throws(RunError) -> Evaluation? {
    let all = blueprint.evaluationMicroBatches
    let own = ReductionTree.share(of: all, rank: communicator.rank, ranks: communicator.size)
    let parts = share.lanes.indices.map { lane in
      let part = ReductionTree.share(of: own.count, rank: lane, ranks: share.lanes.count)
      return own.lowerBound + part.lowerBound..<own.lowerBound + part.upperBound
    }
    for (thread, part) in zip(threads, parts.dropFirst()) { thread.begin(.evaluate(part)) }
    var scores = try mainLane.evaluate(parts[0])
    for thread in threads { scores += try thread.collect() }
    let bytes = scores.flatMap(\.bytes)
    let gathered = try failing { () throws(CommunicationError) in try communicator.gather(bytes, at: 0) }
    return gathered.map { Evaluation(Score.scores(in: Array($0.joined()))) }
  }
}

extension Score {
  /// The score as 24 bytes, little endian.
  fileprivate var bytes: [UInt8] {
    MessageWords.bytes([loss.bitPattern, UInt64(correct), UInt64(samples)])
  }

  fileprivate static func scores(in bytes: [UInt8]) -> [Score] {
    let words = MessageWords.words(bytes)
    return stride(from: 0, to: words.count, by: 3).map {
      Score(loss: Double(bitPattern: words[$0]), correct: Int(words[$0 + 1]), samples: Int(words[$0 + 2]))
    }
  }
}
