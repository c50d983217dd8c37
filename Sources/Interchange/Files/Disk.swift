import Foundation

/// The operations on files and directories that a crash-proof store is built of. Each does one thing, durably where
/// its name says so, and fails with the path in hand.
package enum Disk {
  /// What stands at a path. Links are not followed.
  package enum Kind: Sendable {
    case missing, file, directory, link, other
  }

  /// What stands at `path`; what cannot be examined counts as missing.
  package static func kind(of path: String) -> Kind {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return .missing }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .directory
    case S_IFLNK: return .link
    default: return .other
    }
  }

  /// The bytes of the regular file at `path`, which may hold at most `limit`.
  package static func read(_ path: String, limit: Int = .max) throws(FileError) -> [UInt8] {
    let file = try OpenFile.at(path, for: .reading)
    let count = try file.count()
    guard count <= limit else {
      throw FileError("read", path, reason: "it has \(count) bytes where at most \(limit) make sense")
    }
    return try file.read(0..<count)
  }

  /// Reads a file piece by piece, the last of them shorter.
  package static func read(
    _ path: String, inPiecesOf size: Int, _ body: ([UInt8]) -> Void
  ) throws(FileError) {
    let file = try OpenFile.at(path, for: .reading)
    let count = try file.count()
    var done = 0
    while done < count {
      let next = min(count, done + size)
      body(try file.read(done..<next))
      done = next
    }
  }

  /// Writes a file and waits until it is on the disk. A crash may leave it cut.
  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let file = try OpenFile.at(path, for: .replacing)
    try file.write(bytes)
    try file.synchronize()
  }

  /// Replaces a file as a whole: a crash leaves the old contents or the new ones.
  package static func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
    let draft = join(parent(of: path), ".\(lastComponent(of: path)).writing")
    do throws(FileError) {
      try write(bytes, to: draft)
      try rename(draft, to: path)
    } catch {
      _ = DiskCall.perform(.unlink(draft)) { unsafe unlink(draft) }
      throw error
    }
    try synchronizeDirectory(parent(of: path))
  }

  /// Makes one directory, which must not exist.
  package static func makeDirectory(_ path: String) throws(FileError) {
    guard make(path) else { throw FileError("created", path) }
  }

  private static func make(_ path: String) -> Bool {
    DiskCall.perform(.makeDirectory(path)) { unsafe mkdir(path, 0o777) } == 0
  }

  /// Makes a directory and those above it, as far as they are missing, and waits until their names are on the disk:
  /// what is put into a directory is lost with its name.
  package static func makeDirectories(_ path: String) throws(FileError) {
    if isDirectory(path) { return }
    let above = parent(of: path)
    if above != path { try makeDirectories(above) }
    // Another process may have made it in between.
    guard make(path) || (errno == EEXIST && isDirectory(path)) else {
      throw FileError("created", path, code: errno == EEXIST ? ENOTDIR : errno)
    }
    try synchronizeDirectory(above)
  }

  /// Renames `old` to `new`, replacing a file or link that has that name.
  package static func rename(_ old: String, to new: String) throws(FileError) {
    let result = DiskCall.perform(.rename(old, to: new)) { unsafe Foundation.rename(old, new) }
    guard result == 0 else { throw FileError("renamed to \(new)", old) }
  }

  /// Makes a link at `path` that holds `target`.
  package static func link(_ path: String, to target: String) throws(FileError) {
    let result = DiskCall.perform(.link(path, target: target)) { unsafe symlink(target, path) }
    guard result == 0 else { throw FileError("created", path) }
  }

  /// What the link at `path` holds; nil if there is no link.
  package static func target(ofLink path: String) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: path)
  }

  /// Waits until the names in a directory are on the disk.
  package static func synchronizeDirectory(_ path: String) throws(FileError) {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("opened", path) }
    defer { close(descriptor) }
    // Some network file systems have no such operation and say so; their renames are durable by themselves.
    let result = DiskCall.perform(.synchronizeDirectory(path)) { fsync(descriptor) }
    guard result == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw FileError("synchronized", path)
    }
  }

  /// The names in a directory, in the order of their bytes.
  package static func names(in path: String) throws(FileError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).sorted {
        $0.utf8.lexicographicallyPrecedes($1.utf8)
      }
    } catch {
      throw FileError("listed", path, reason: isDirectory(path) ? "\(error.localizedDescription)" : "no such directory")
    }
  }

  /// Removes a file, a link (not what it points to) or a directory with all it holds; a missing one is no error.
  package static func remove(_ path: String) throws(FileError) {
    switch kind(of: path) {
    case .missing: return
    case .directory:
      for name in try names(in: path) { try remove(join(path, name)) }
      let result = DiskCall.perform(.removeDirectory(path)) { unsafe rmdir(path) }
      guard result == 0 else { throw FileError("removed", path) }
    case .file, .link, .other:
      let result = DiskCall.perform(.unlink(path)) { unsafe unlink(path) }
      guard result == 0 else { throw FileError("removed", path) }
    }
  }

  /// The bytes that an ordinary user may still write to the file system that holds `path`, or would hold it.
  package static func freeBytes(at path: String) throws(FileError) -> UInt64 {
    var status = statvfs()
    if unsafe statvfs(path, &status) == 0 { return UInt64(status.f_bavail) * UInt64(status.f_frsize) }
    guard errno == ENOENT, parent(of: path) != path else { throw FileError("examined", path) }
    return try freeBytes(at: parent(of: path))
  }
}
