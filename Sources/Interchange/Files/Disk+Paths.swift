import Foundation

extension Disk {
  /// The path of `name` in `directory`.
  package static func join(_ directory: String, _ name: String) -> String {
    directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
  }

  // Not NSString's path methods: those of Foundation 6.3 on Linux trap on a name of one letter.

  /// The directory that holds `path`: "." for a bare name, "/" for itself.
  package static func parent(of path: String) -> String {
    let path = withoutTrailingSlashes(path)
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : withoutTrailingSlashes(path[..<slash])
  }

  /// The last name of `path`.
  package static func lastComponent(of path: String) -> String {
    let path = withoutTrailingSlashes(path)
    return path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// Whether `path` is a directory or a link to one.
  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func withoutTrailingSlashes(_ path: some StringProtocol) -> String {
    let end = path.lastIndex { $0 != "/" }
    return end.map { String(path[...$0]) } ?? (path.isEmpty ? "" : "/")
  }
}
