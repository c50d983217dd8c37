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
