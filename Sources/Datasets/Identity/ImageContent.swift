import Hashing
import Randomness

extension ImageStore {
  /// Of a folder's split so many files' contents are hashed, chosen at random by a fixed seed.
  static let sampledFiles = 256

  /// The content of a split: names, sizes and labels of all images, and the bytes of the archive or of some files.
  func content(
    of images: [ImageClasses.LabelledImage], report: (String) -> Void
  ) throws(DatasetError) -> SplitContent {
    var hash = ContentHash("images")
    for image in images {
      hash.add(bytes: image.entry.path.bytes)
      hash.add(image.entry.size)
      hash.add(image.entry.offset)
      hash.add(image.label)
    }
    switch self {
    case .archive(let file):
      let digest = try file.digest(report: report)
      hash.add(digest.sha256)
      return SplitContent(digest: hash.finish(), coverage: digest.isWhole ? .whole : .sampled)
    case .folder:
      for index in Self.choice(of: images.count) {
        // What cannot be read is told when it is used; here it is content like any other.
        if let bytes = try? bytes(of: images[index].entry) { hash.add(bytes: bytes) } else { hash.add(-1) }
      }
      return SplitContent(digest: hash.finish(), coverage: .sampled)
    }
  }

  private static func choice(of count: Int) -> [Int] {
    SampleChoice.choose(min(sampledFiles, count), of: count, seed: 1, for: .content).chosen
  }
}
