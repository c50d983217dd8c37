package import Datasets
import Operators

/// Data from which nothing can be learned: a look at some images and at the labels.
package enum SampleWarnings {
  /// Images that are decoded.
  private static let images = 16
  /// Labels that are read at first; all of them only if these are equal.
  private static let labels = 4096
  /// A deviation of normalized pixels below this hides every image behind its offset. Usual ones are near 1.
  private static let leastDeviation = 0.01

  /// A sentence for each.
  package static func sentences(for dataset: Dataset, normalization: Normalization) -> [String] {
    [pixels(of: dataset.train, normalization), oneClass(dataset.train, "training"), oneClass(dataset.test, "test")]
      .compactMap(\.self)
  }

  // MARK: Pixels

  private static func pixels(of source: any SampleSource, _ normalization: Normalization) -> String? {
    let indices = spread(images, over: source.count)
    let samples = indices.compactMap { pixels(source, $0) }
    // One image proves nothing. Damaged ones are told when they are read.
    guard samples.count > 1, let first = samples.first else { return nil }
    let advice = "look at the files (cnn-dist data info) and at the channels"
    if samples.allSatisfy({ $0 == first }) {
      return "the \(samples.count) training images that were looked at are all the same, so nothing can be learned "
        + "from them; \(advice)"
    }
    if source.shape.height * source.shape.width > 1, samples.allSatisfy({ isUniform($0, source.shape.channels) }) {
      return "the \(samples.count) training images that were looked at have one colour each and no content; \(advice)"
    }
    let deviation = deviation(samples, source.shape.channels, normalization)
    guard deviation < leastDeviation else { return nil }
    return "after data.normalize the pixels of the training images differ by a deviation of only "
      + "\(Display.scientific(deviation)), as good as a constant input; mean and std are on the scale 0 to 1 "
      + "(cnn-dist data info prints them)"
  }

  private static func pixels(_ source: any SampleSource, _ index: Int) -> [UInt8]? {
    var pixels = [UInt8](repeating: 0, count: source.shape.count)
    var span = pixels.mutableSpan
    do { _ = try source.read(index, into: &span) } catch { return nil }
    return pixels
  }

  /// Whether every pixel has the colour of the first.
  private static func isUniform(_ pixels: [UInt8], _ channels: Int) -> Bool {
    pixels.indices.allSatisfy { pixels[$0] == pixels[$0 % channels] }
  }

  /// The largest deviation of a channel after the normalization.
  private static func deviation(_ samples: [[UInt8]], _ channels: Int, _ normalization: Normalization) -> Double {
    (0..<channels).map { channel in
      var (sum, squares, count) = (0.0, 0.0, 0.0)
      for pixels in samples {
        for place in stride(from: channel, to: pixels.count, by: channels) {
          let value = Double(pixels[place]) / 255
          (sum, squares, count) = (sum + value, squares + value * value, count + 1)
        }
      }
      let mean = sum / count
      return max(0, squares / count - mean * mean).squareRoot() / Double(normalization.deviation[channel])
    }.max() ?? 0
  }

  // MARK: Labels

  private static func oneClass(_ source: any SampleSource, _ part: String) -> String? {
    guard source.classNames.count > 1, source.count > 1 else { return nil }
    let first = source.label(of: 0)
    guard spread(labels, over: source.count).allSatisfy({ source.label(of: $0) == first }),
      source.count <= labels || (0..<source.count).allSatisfy({ source.label(of: $0) == first })
    else { return nil }
    let consequence =
      part == "training" ? "the model learns to answer nothing else" : "the test accuracy says nothing about the others"
    return "all \(Display.count(source.count)) \(part) labels are '\(source.classNames[first])', one of "
      + "\(source.classNames.count) classes: \(consequence); check how the data is laid out (cnn-dist data info)"
  }

  /// At most `count` indices, evenly spread.
  private static func spread(_ count: Int, over samples: Int) -> [Int] {
    let count = min(count, samples)
    return (0..<count).map { $0 * samples / count }
  }
}
