import Foundation
import Hashing

/// Digests of files that were hashed before, so that a second start need not read them again.
///
/// Each is a small file of its own, named by device and inode. It counts only for a file whose size and times are those
/// of then. Whatever is wrong with the cache, the file is hashed: it is never an error.
package struct DigestCache: Sendable {
  private static let head =
    "cnn-dist digest 1 \(FileDigest.wholeLimit) \(FileDigest.chunkCount) \(FileDigest.chunkLength)"
  private static let entryLimit = 1024
  private let directory: String?

  /// A cache in a directory, which is made when it is needed; nil: nothing is kept.
  package init(directory: String?) { self.directory = directory }

  /// The user's cache, below `$XDG_CACHE_HOME` or `~/.cache`.
  ///
  /// Source: XDG Base Directory Specification 0.8.
  package static var ofUser: DigestCache {
    let variables = ProcessInfo.processInfo.environment
    // The specification wants paths that are not absolute to be ignored.
    let absolute = { (name: String) in variables[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
    let base = absolute("XDG_CACHE_HOME") ?? absolute("HOME").map { $0 + "/.cache" }
    return DigestCache(directory: base.map { $0 + "/cnn-dist/digests" })
  }

  /// The SHA-256 of the file at `path` in hexadecimal, or of a sample of its bytes if it is long; from the cache or
  /// from its bytes.
  package func sha256(ofFileAt path: String) throws(DatasetError) -> String {
    try digest(of: DiskFile(path: path, name: path)) { _ in }.sha256
  }

  /// The digest of an open file, from the cache or from its bytes; `report` is told when reading takes long.
  func digest(of file: DiskFile, report: (String) -> Void) throws(DatasetError) -> FileDigest {
    guard let stamp = file.stamp, stamp.isSettled else { return try FileDigest(of: file, report: report) }
    if let known = known(stamp) { return known }
    let digest = try FileDigest(of: file, report: report)
    if file.stamp == stamp { keep(digest, stamp) }
    return digest
  }

  // MARK: Entries

  /// An entry: a head, the stamp, the digest, and the hash of these three lines.
  private static func text(_ digest: FileDigest, _ stamp: FileStamp) -> String {
    let body = "\(head)\n\(stamp.line)\n\(digest.isWhole ? "whole" : "sampled") \(digest.sha256)\n"
    return body + SHA256.hexadecimal(of: body) + "\n"
  }

  private func known(_ stamp: FileStamp) -> FileDigest? {
    guard let directory, let text = Self.contents(of: "\(directory)/\(stamp.fileName)") else { return nil }
    let lines = text.split(separator: "\n")
    guard lines.count == 4, let kind = lines[2].split(separator: " ").first, kind == "whole" || kind == "sampled" else {
      return nil
    }
    let digest = FileDigest(sha256: String(lines[2].dropFirst(kind.count + 1)), isWhole: kind == "whole")
    // Only the very text that would be written for this file and this digest counts.
    let isDigest = digest.sha256.utf8.count == 64 && digest.sha256.allSatisfy(\.isHexDigit)
    return isDigest && text == Self.text(digest, stamp) ? digest : nil
  }

  /// The text of an entry that nobody but this user can have written.
  private static func contents(of path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
      status.st_mode & (S_IWGRP | S_IWOTH) == 0, status.st_size <= entryLimit
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    guard unsafe Foundation.read(descriptor, &bytes, bytes.count) == bytes.count else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Writes an entry beside its place and moves it there: whoever reads meanwhile sees the old one or the new one.
  private func keep(_ digest: FileDigest, _ stamp: FileStamp) {
    guard let directory, Self.make(directory) else { return }
    let part = "\(directory)/.\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    let descriptor = unsafe open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR)
    guard descriptor >= 0 else { return }
    let bytes = Array(Self.text(digest, stamp).utf8)
    let isWritten = unsafe write(descriptor, bytes, bytes.count) == bytes.count
    let isClosed = close(descriptor) == 0
    let isMoved = unsafe isWritten && isClosed && rename(part, "\(directory)/\(stamp.fileName)") == 0
    if !isMoved { unsafe unlink(part) }
  }

  private static func make(_ directory: String) -> Bool {
    (try? FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])) != nil
  }
}
