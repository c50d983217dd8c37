import Foundation

/// The files and folders below one folder.
struct FileTree {
  /// A regular file: its path relative to the top, and its size in bytes.
  struct File: Hashable {
    let path: String
    let size: Int
  }

  private(set) var files: [File] = []
  private(set) var folders: [String] = []
  private static let deepest = 16

  /// Lists what lies below `top`; links are followed, names that start with a dot are left out.
  init(below top: String) throws(DatasetError) {
    try list(top, prefix: "", depth: 0)
  }

  private mutating func list(_ folder: String, prefix: String, depth: Int) throws(DatasetError) {
    guard depth <= Self.deepest else {
      throw DatasetError("\(folder): lies more than \(Self.deepest) folders deep; remove the link that leads back")
    }
    for name in try Self.names(in: folder) where !name.hasPrefix(".") {
      let path = folder + "/" + name
      guard let entry = Self.entry(at: path) else {
        throw DatasetError("\(path): cannot be looked at (\(Self.reason(errno))); remove it or mend its link")
      }
      switch entry {
      case .folder:
        folders.append(prefix + name)
        try list(path, prefix: prefix + name + "/", depth: depth + 1)
      case .file(let size): files.append(File(path: prefix + name, size: size))
      case .other: break
      }
    }
  }

  /// What a path leads to.
  enum Entry: Hashable {
    case file(size: Int)
    case folder
    case other
  }

  /// What `path` leads to, through links; nil if nothing can be seen there.
  static func entry(at path: String) -> Entry? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return switch status.st_mode & S_IFMT {
    case S_IFDIR: .folder
    case S_IFREG: .file(size: Int(status.st_size))
    default: .other
    }
  }

  /// Whether a regular file lies at `path`.
  static func isFile(_ path: String) -> Bool {
    if case .file = entry(at: path) { true } else { false }
  }

  /// The names in `folder`, sorted by their bytes, so that the order depends on no locale.
  static func names(in folder: String) throws(DatasetError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).sorted(by: precedes)
    } catch {
      throw DatasetError("\(folder): cannot be listed; check data.path and its permissions")
    }
  }

  /// The order of names: by their UTF-8 bytes.
  static func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

  /// What the system says about an error number.
  static func reason(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
}
