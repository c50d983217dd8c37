import Datasets
import Foundation
import Testing
import Training

/// What is said of a run while it trains.
@Suite struct TrainingWatchTests {
  /// What is said of scores in order: (training loss, test loss, test accuracy) after one epoch each, of 1,000 samples.
  private func said(
    _ scores: [(Double, Double, Double)], chance: Double? = 0.1, warmUp: Double = 0
  ) -> [[String]] {
    var watch = TrainingWatch(chance: chance, guessing: log(10), warmUp: warmUp)
    return scores.enumerated().map { index, score in
      watch.note(
        trainingLoss: score.0, loss: score.1, accuracy: score.2, samples: 1000, epochs: Double(index + 1),
        isLast: index == scores.count - 1)
    }
  }

  @Test func `a run that learns is not spoken of`() {
    let fine = [(2.0, 1.6, 0.4), (1.2, 1.9, 0.35), (0.9, 0.8, 0.7), (0.5, 2.5, 0.3), (0.4, 0.6, 0.8), (0.3, 0.9, 0.8)]
    #expect(said(fine).allSatisfy { $0.isEmpty })
    // Small losses may double and double again.
    let tiny = [(0.2, 0.02, 0.99), (0.02, 0.05, 0.98), (0.01, 0.09, 0.98), (0.001, 0.12, 0.98)]
    #expect(said(tiny).allSatisfy { $0.isEmpty })
  }

  @Test func `chance is told once, with what it is and the remedy`() {
    let sentences = said([(2.31, 2.3, 0.1), (2.3, 2.3, 0.105), (2.3, 2.3, 0.1)])
    #expect(sentences.map { $0.count } == [1, 0, 0])
    let first = sentences[0].first ?? ""
    #expect(first.contains("10.00 %") && first.contains("no better than") && first.contains("lower the learning rate"))
    #expect(first.contains("that of guessing"))
    // The score of 95 % where 95 of 100 samples are of one class.
    #expect(said([(0.2, 0.2, 0.95)], chance: 0.95)[0].count == 1)
    #expect(said([(0.2, 0.2, 0.97)], chance: 0.95)[0].isEmpty)
    #expect(said([(0.2, 0.2, 0.1)], chance: nil)[0].isEmpty)
    #expect(said([(0.0, 0.0, 1.0)], chance: 1)[0].isEmpty)
  }

  @Test func `nothing is told before the learning rate is up, or a whole epoch has passed`() {
    let flat = Array(repeating: (2.3, 2.3, 0.1), count: 4)
    #expect(said(flat, warmUp: 2).map { $0.count } == [0, 0, 1, 0])
    #expect(said(flat, warmUp: 50).map { $0.count } == [0, 0, 0, 1])
    var watch = TrainingWatch(chance: 0.1, guessing: nil, warmUp: 0)
    let early = watch.note(
      trainingLoss: 2.3, loss: 2.3, accuracy: 0.1, samples: 1000, epochs: 0.9, isLast: true)
    #expect(early == [])
  }

  @Test func `a test loss that explodes is told once`() {
    let slow = [(1.5, 1.2, 0.5), (0.5, 1.3, 0.5), (0.2, 2.5, 0.5), (0.1, 2.8, 0.5), (0.05, 3.5, 0.5), (0.01, 9, 0.5)]
    #expect(said(slow).map { $0.count } == [0, 0, 0, 0, 1, 0])
    let fast = [(1.5, 1.2, 0.5), (0.5, 6.0, 0.5), (0.2, 7.5, 0.5)]
    #expect(said(fast).map { $0.count } == [0, 0, 1])
    #expect(said(fast)[2].first?.contains("from 1.2000 to 7.5000") == true)
    // Both losses rise: the run diverges, which its own scores show.
    #expect(said([(1.5, 1.2, 0.5), (5, 6.0, 0.5), (7, 7.5, 0.5)]).allSatisfy { $0.isEmpty })
    let infinite = said([(1.5, 1.2, 0.5), (1.0, .infinity, 0.5), (1.0, .nan, 0.5)])
    #expect(infinite.map { $0.count } == [0, 1, 0])
  }

  @Test func `the most frequent class is counted`() throws {
    let blueprint = try LittleRun.blueprint()
    let test = blueprint.dataset.test
    let counts = Dictionary(grouping: 0..<test.count) { test.label(of: $0) }.mapValues(\.count)
    #expect(TrainingWatch.largestShare(test) == Double(counts.values.max() ?? 0) / Double(test.count))
  }
}
