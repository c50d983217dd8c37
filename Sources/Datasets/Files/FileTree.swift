import Foundation

/// The files and folders below one folder.
struct FileTree {
  /// A regular file: its path relative to the top, and its size in bytes.
  struct File: Hashable {
    let path: FileName
    let size: Int
  }

  private(set) var files: [File] = []
  private(set) var folders: [FileName] = []
  /// Files and folders that no data set means; what lies below such a folder is not looked at.
  private(set) var junk: [FileName] = []
  private static let deepest = 16

  /// Lists what lies below `top`; links are followed.
  init(below top: FileName) throws(DatasetError) {
    try list(top, prefix: nil, above: [])
  }

  /// What tells one folder from another, whatever links lead there.
  private struct Place: Equatable {
    let device: UInt64
    let inode: UInt64
  }

  private mutating func list(
    _ folder: FileName, prefix: FileName?, above: [Place]
  ) throws(DatasetError) {
    guard let place = Self.place(of: folder), !above.contains(place), above.count <= Self.deepest else {
      throw DatasetError(
        "\(folder.text): lies within itself or more than \(Self.deepest) folders deep; remove the link that leads back")
    }
    for name in try Self.names(in: folder) {
      let path = prefix.map { $0 / name } ?? name
      if JunkFiles.contains(name) {
        junk.append(path)
        continue
      }
      switch try Self.knownEntry(at: folder / name) {
      case .folder:
        folders.append(path)
        try list(folder / name, prefix: path, above: above + [place])
      case .file(let size): files.append(File(path: path, size: size))
      case .other: break
      }
    }
  }

  private static func place(of folder: FileName) -> Place? {
    var status = stat()
    guard unsafe stat(cString(folder), &status) == 0 else { return nil }
    return Place(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  private static func knownEntry(at path: FileName) throws(DatasetError) -> Entry {
    if let entry = entry(at: path) { return entry }
    let reason = reason(errno)
    var status = stat()
    let isLink = unsafe lstat(cString(path), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    throw DatasetError(
      "\(path.text): \(isLink ? "is a link that leads nowhere" : "cannot be looked at") (\(reason)); "
        + (isLink ? "mend or remove it" : "check its permissions, or remove it"))
  }

  /// What a path leads to.
  enum Entry: Hashable {
    case file(size: Int)
    case folder
    case other
  }

  /// What `path` leads to, through links; nil if nothing can be seen there.
  static func entry(at path: FileName) -> Entry? {
    var status = stat()
    guard unsafe stat(cString(path), &status) == 0 else { return nil }
    return switch status.st_mode & S_IFMT {
    case S_IFDIR: .folder
    case S_IFREG: .file(size: Int(status.st_size))
    default: .other
    }
  }

  /// What `path` leads to, through links; nil if nothing can be seen there.
  static func entry(at path: String) -> Entry? { entry(at: FileName(path)) }

  /// Whether a regular file lies at `path`.
  static func isFile(_ path: String) -> Bool {
    if case .file = entry(at: path) { true } else { false }
  }

  /// The names in `folder`, sorted by their bytes, so that the order depends on no locale.
  static func names(in folder: FileName) throws(DatasetError) -> [FileName] {
    guard let stream = unsafe opendir(cString(folder)) else {
      throw DatasetError("\(folder.text): cannot be listed (\(reason(errno))); check data.path and its permissions")
    }
    defer { unsafe closedir(stream) }
    var names: [FileName] = []
    errno = 0
    while let entry = unsafe readdir(stream) {
      // The name ends with a zero byte within the entry.
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe FileName($0.prefix { $0 != 0 }) }
      if name.bytes != Array(".".utf8), name.bytes != Array("..".utf8) { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw DatasetError("\(folder.text): cannot be listed: \(reason(errno))") }
    return names.sorted()
  }

  /// A path as the C library takes it.
  static func cString(_ path: FileName) -> [CChar] { path.bytes.map { CChar(bitPattern: $0) } + [0] }

  /// What the system says about an error number.
  static func reason(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
}

/// Files and folders that systems and programs leave among a user's own.
enum JunkFiles {
  /// Folders of macOS archives, of storage boxes (Synology, QNAP), of Windows, of Python and of file systems, and the
  /// thumbnails and settings of file managers.
  private static let names = Set(
    [
      "__macosx", "@eadir", "@synoresource", "@recycle", "#recycle", "@tmp", "#snapshot", "$recycle.bin",
      "system volume information", "__pycache__", "lost+found", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r",
    ].map { FileName($0) })

  /// Whether a name is one of those, or starts with a dot.
  static func contains(_ name: FileName) -> Bool {
    name.bytes.first == UInt8(ascii: ".") || names.contains(name.lowercased)
  }
}
