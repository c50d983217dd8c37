import Operators

/// What one split is made of. It names content, never a place: the same files in another folder have the same identity.
package struct SplitIdentity: Codable, Hashable, Sendable {
  /// The number of samples.
  package let count: Int

  /// Channels, height and width of every sample.
  package let shape: [Int]

  /// SHA-256, in hexadecimal, over the content, the labels, and which samples in which order.
  package let content: String

  /// How much of the files' bytes `content` covers: "whole", "sampled" (sizes, names and a fixed choice of bytes) or
  /// "generated" (there are no files; kind and version of the drawing stand for them).
  package let coverage: String

  /// An identity of the given parts.
  package init(count: Int, shape: [Int], content: String, coverage: String) {
    self.count = count
    self.shape = shape
    self.content = content
    self.coverage = coverage
  }
}

/// What a data set is made of.
package struct DataIdentity: Codable, Hashable, Sendable {
  /// The training split.
  package let train: SplitIdentity
  /// The test split.
  package let test: SplitIdentity

  /// The names of the classes in the order of their labels.
  package let classes: [String]

  /// An identity of the given parts.
  package init(train: SplitIdentity, test: SplitIdentity, classes: [String]) {
    self.train = train
    self.test = test
    self.classes = classes
  }
}

extension Dataset {
  /// What the data is made of; equal on ranks that see the same data. Reads files, unless their digests are cached.
  ///
  /// - Parameter report: is told every two seconds of reading how far it is.
  package func identity(report: (String) -> Void = { _ in }) throws(DatasetError) -> DataIdentity {
    DataIdentity(
      train: try Self.identity(of: train, report), test: try Self.identity(of: test, report),
      classes: train.classNames)
  }

  private static func identity(
    of source: any SampleSource, _ report: (String) -> Void
  ) throws(DatasetError) -> SplitIdentity {
    let content = try source.content(report: report)
    let shape = source.shape
    return SplitIdentity(
      count: source.count, shape: [shape.channels, shape.height, shape.width], content: content.digest,
      coverage: content.coverage.rawValue)
  }
}
