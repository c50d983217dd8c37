import Foundation

extension Disk {
  /// The path of `name` in `directory`.
  package static func join(_ directory: String, _ name: String) -> String {
    directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
  }

  /// The directory that holds `path`: "." for a bare name.
  package static func parent(of path: String) -> String {
    let above = NSString(string: path).deletingLastPathComponent
    return above.isEmpty ? "." : above
  }

  /// The last name of `path`.
  package static func lastComponent(of path: String) -> String {
    NSString(string: path).lastPathComponent
  }

  /// Whether `path` is a directory or a link to one.
  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
