import Engine
import Network
import Planner
import TestSupport
import Testing

/// The evaluation program, and the padding samples of its last micro-batch.
@Suite struct EvaluationTests {
  @Test(arguments: RepeatabilityTests.networks, [0, 1, 3])
  func `padding contributes nothing`(network: NetworkDescription, valid: Int) throws {
    var subject = try Subject(network, batch: 4)
    subject.valid = valid
    var other = subject
    let sample = subject.images.count / 4
    for place in valid * sample..<4 * sample { other.images[place] = .nan }
    for place in valid..<4 { (other.labels[place], other.samples[place]) = (0, 0) }
    let (plain, padded) = (try subject.evaluate(), try other.evaluate())
    #expect(padded.score == plain.score)
    #expect(plain.score.samples == valid)
    let classes = plain.logits.count / 4
    #expect(padded.logits.prefix(valid * classes) == plain.logits.prefix(valid * classes))
  }

  /// A sample's logits are its own, so the score of a dataset does not depend on how it is cut.
  @Test(arguments: RepeatabilityTests.networks)
  func `scores add up`(network: NetworkDescription) throws {
    let subject = try Subject(network, batch: 4)
    let whole = try subject.evaluate()
    let scores = try (0..<4).map { first in
      var part = subject.rotated(by: first)
      part.valid = 1
      return try part.evaluate().score
    }
    #expect(scores.map(\.correct).reduce(0, +) == whole.score.correct)
    #expect(scores.map(\.samples) == [1, 1, 1, 1])
    let loss = scores.map(\.loss).reduce(0, +)
    #expect(abs(loss - whole.score.loss) <= 1e-5 * max(1, whole.score.loss))
  }

  @Test func `evaluation draws no mask`() throws {
    var subject = try Subject(Small.mixed, batch: 4)
    let before = try subject.evaluate()
    subject.samples = [9, 9, 9, 9]
    subject.context = StepContext(seed: 8, step: 1, globalBatch: 4)
    expectSame(try subject.evaluate(), before, subject.plan.layout)
  }
}

extension Subject {
  /// The same samples, the first `count` of them at the end.
  fileprivate func rotated(by count: Int) -> Subject {
    var result = self
    let sample = images.count / labels.count
    result.images = Array(images[(count * sample)...] + images[..<(count * sample)])
    result.labels = Array(labels[count...] + labels[..<count])
    result.samples = Array(samples[count...] + samples[..<count])
    return result
  }
}
