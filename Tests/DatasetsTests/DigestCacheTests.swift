import Datasets
import Foundation
import Hashing
import Testing

/// What is remembered of files that were hashed before.
@Suite struct DigestCacheTests {
  /// A file that was left alone for a while: its digests may be kept.
  private func write(_ folder: TemporaryFolder, _ text: String, secondsAgo: Double = 60) throws -> String {
    try folder.write(Array(text.utf8), to: "file")
    try age(folder, secondsAgo)
    return folder.path + "/file"
  }

  private func age(_ folder: TemporaryFolder, _ seconds: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: folder.path + "/file")
  }

  private func entries(_ folder: TemporaryFolder) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache")) ?? []
  }

  private func sha256(_ text: String) -> String { SHA256.hexadecimal(of: text) }

  /// The time of the last change of a file cannot be set, so a test has to let it pass.
  private func settle() { Thread.sleep(forTimeInterval: 3.2) }

  @Test(.timeLimit(.minutes(4))) func `a digest is kept, used again, and given up with any change of the file`() throws
  {
    try withTemporaryFolder { folder in
      let cache = DigestCache(directory: folder.path + "/cache")
      let file = try write(folder, "one")
      #expect(try cache.sha256(ofFileAt: file) == sha256("one"))
      // A change so short ago might not show in the times.
      #expect(entries(folder).isEmpty)
      settle()
      #expect(try cache.sha256(ofFileAt: file) == sha256("one"))
      #expect(entries(folder).count == 1)
      // What stands in the cache is used: a digest of other bytes, put there with its proper hash.
      let entry = folder.path + "/cache/" + (entries(folder).first ?? "")
      let whole = try String(contentsOfFile: entry, encoding: .utf8)
      let body = whole.replacingOccurrences(of: sha256("one"), with: sha256("two")).split(separator: "\n")
        .prefix(3).map { $0 + "\n" }.joined()
      try (body + sha256(body) + "\n").write(toFile: entry, atomically: false, encoding: .utf8)
      #expect(try cache.sha256(ofFileAt: file) == sha256("two"))
      // The same length and the same time of modification, but another file by the time of its change.
      let date = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate]
      try folder.write(Array("xyz".utf8), to: "file")
      try FileManager.default.setAttributes([.modificationDate: try #require(date)], ofItemAtPath: file)
      #expect(try cache.sha256(ofFileAt: file) == sha256("xyz"))
    }
  }

  @Test(.timeLimit(.minutes(4))) func `entries that are damaged, foreign or links are not believed, and replaced`()
    throws
  {
    try withTemporaryFolder { folder in
      let cache = DigestCache(directory: folder.path + "/cache")
      let file = try write(folder, "one")
      settle()
      _ = try cache.sha256(ofFileAt: file)
      let entry = folder.path + "/cache/" + (try #require(entries(folder).first))
      let good = try Data(contentsOf: URL(fileURLWithPath: entry))
      let text = String(decoding: good, as: UTF8.self)
      let wrong = [
        "", "\n\n\n", text.replacingOccurrences(of: sha256("one"), with: sha256("two")), String(text.dropLast(5)),
        text + text, String(repeating: "x", count: 1 << 20), text.replacingOccurrences(of: "whole", with: "sampled"),
      ]
      for bytes in wrong {
        try bytes.write(toFile: entry, atomically: false, encoding: .utf8)
        #expect(try cache.sha256(ofFileAt: file) == sha256("one"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: entry)) == good)
      }
      let target = folder.path + "/elsewhere"
      try FileManager.default.moveItem(atPath: entry, toPath: target)
      try FileManager.default.createSymbolicLink(atPath: entry, withDestinationPath: target)
      #expect(try cache.sha256(ofFileAt: file) == sha256("one"))
      #expect(try FileManager.default.attributesOfItem(atPath: entry)[.type] as? FileAttributeType == .typeRegular)
      try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: entry)
      _ = try cache.sha256(ofFileAt: file)
      #expect(try FileManager.default.attributesOfItem(atPath: entry)[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func `without a place to keep them digests are computed each time`() throws {
    try withTemporaryFolder { folder in
      let file = try write(folder, "one")
      try folder.write([], to: "cache")
      for directory in [nil, folder.path + "/cache/below-a-file", "/proc/none/such"] {
        #expect(try DigestCache(directory: directory).sha256(ofFileAt: file) == sha256("one"))
      }
    }
  }

  @Test(.timeLimit(.minutes(4))) func `a long file is known by its size and by chunks from its first to its last byte`()
    throws
  {
    try withTemporaryFolder { folder in
      let cache = DigestCache(directory: nil)
      var digests: Set<String> = []
      for (place, length) in [(0, 2 << 30), (1, 2 << 30), ((2 << 30) - 1, 2 << 30), (0, (2 << 30) + 1)] {
        try folder.write([], to: "file")
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path + "/file"))
        try file.truncate(atOffset: UInt64(length))
        try file.seek(toOffset: UInt64(place))
        try file.write(contentsOf: Data([7]))
        try file.close()
        digests.insert(try cache.sha256(ofFileAt: folder.path + "/file"))
      }
      #expect(digests.count == 4)
    }
  }
}
