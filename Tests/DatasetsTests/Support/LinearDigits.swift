import Datasets
import Foundation

/// Softmax regression on 28×28 images, trained by plain stochastic gradient descent.
struct LinearDigits {
  private static let features = 784
  private static let classes = 10
  private var weights = [Float](repeating: 0, count: classes * (features + 1))

  typealias Examples = [(pixels: [Float], label: Int)]

  /// All samples of a source, as numbers on 0...1.
  static func features(_ source: any SampleSource) throws -> Examples {
    try (0..<source.count).map { index in
      let (pixels, label) = try sample(index, of: source)
      return (pixels.map { Float($0) / 255 }, label)
    }
  }

  /// One pass over the examples, one step for each.
  mutating func train(on examples: Examples, rate: Float) {
    for (pixels, label) in examples {
      let probabilities = softmax(scores(pixels))
      for digit in 0..<Self.classes {
        let step = rate * ((digit == label ? 1 : 0) - probabilities[digit])
        let row = digit * (Self.features + 1)
        for place in 0..<Self.features { weights[row + place] += step * pixels[place] }
        weights[row + Self.features] += step
      }
    }
  }

  /// The part of the examples that is classified rightly.
  func accuracy(on examples: Examples) -> Double {
    let right = examples.filter { example in
      let scores = scores(example.pixels)
      return scores.indices.max { scores[$0] < scores[$1] } == example.label
    }
    return Double(right.count) / Double(examples.count)
  }

  private func scores(_ pixels: [Float]) -> [Float] {
    (0..<Self.classes).map { digit in
      let row = digit * (Self.features + 1)
      var sum = weights[row + Self.features]
      for place in 0..<Self.features { sum += weights[row + place] * pixels[place] }
      return sum
    }
  }

  private func softmax(_ scores: [Float]) -> [Float] {
    let highest = scores.max() ?? 0
    let powers = scores.map { exp($0 - highest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
