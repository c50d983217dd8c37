/// What a split is made of, as one hash, and how much of the bytes it covers.
package struct SplitContent: Hashable, Sendable {
  /// How much of the data's bytes a hash covers.
  package enum Coverage: String, Sendable {
    /// Every byte.
    case whole
    /// Sizes, names and a fixed choice of bytes.
    case sampled
    /// There are no files: the kind and the version of the drawing stand for them.
    case generated
  }

  /// SHA-256 in hexadecimal.
  package let digest: String
  /// What of the bytes the digest covers.
  package let coverage: Coverage

  /// A content of the given parts.
  package init(digest: String, coverage: Coverage) {
    self.digest = digest
    self.coverage = coverage
  }
}

extension SplitContent {
  /// The content of a split that is all of some files: their digests, in order, and the number of classes.
  init(format: String, classes: Int, files: [DiskFile], report: (String) -> Void) throws(DatasetError) {
    var hash = ContentHash(format)
    hash.add(classes)
    var isWhole = true
    for file in files {
      let digest = try file.digest(report: report)
      isWhole = isWhole && digest.isWhole
      hash.add(digest.sha256)
    }
    self.init(digest: hash.finish(), coverage: isWhole ? .whole : .sampled)
  }
}
