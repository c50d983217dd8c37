/// An image file in a folder or an archive.
struct ImageEntry: Hashable {
  /// The path below the listing's top.
  var path: String
  /// The length in bytes.
  var size: Int
  /// Where its bytes start; 0 for a file of its own.
  var offset: Int = 0
}

/// The folders below a folder or in an archive, and the images in them. Files that are no images and names that start
/// with a dot are left out.
struct ImageListing {
  /// Where this lies, for messages.
  var place: String
  var images: [ImageEntry]
  var folders: Set<String>

  /// A listing of the given files; each folder on the way to an image counts as a folder.
  init(place: String, images: [ImageEntry], folders: some Sequence<String>) {
    self.place = place
    self.images = images
    self.folders = []
    for folder in folders { insert(folder[...]) }
    for image in images { insert(Self.parent(of: image.path[...])) }
  }

  /// Adds a folder and those it lies in; where one is known, so are those above it.
  private mutating func insert(_ folder: Substring?) {
    guard let folder, folders.insert(String(folder)).inserted else { return }
    insert(Self.parent(of: folder))
  }

  private static func parent(of path: Substring) -> Substring? {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[..<$0] }
  }

  /// The first folder of a path and what follows its slash; nil for a path without folders. A byte is a slash or none,
  /// whatever combining mark follows it.
  static func cut(_ path: String) -> (folder: Substring, rest: Substring)? {
    path.utf8.firstIndex(of: UInt8(ascii: "/")).map { slash in
      (path[..<slash], path[path.utf8.index(after: slash)...])
    }
  }

  /// The folders directly below the top, sorted by name.
  var topFolders: [String] { folders.filter { !$0.utf8.contains(UInt8(ascii: "/")) }.sorted(by: FileTree.precedes) }

  /// What lies below the top folder `name`, with paths relative to it.
  func below(_ name: String) -> ImageListing {
    let inside = images.compactMap { image -> ImageEntry? in
      guard let rest = Self.rest(of: image.path, in: name) else { return nil }
      return ImageEntry(path: rest, size: image.size, offset: image.offset)
    }
    let folders = self.folders.compactMap { Self.rest(of: $0, in: name) }
    return ImageListing(place: "\(place)/\(name)", images: inside, folders: folders)
  }

  private static func rest(of path: String, in folder: String) -> String? {
    cut(path).flatMap { $0.folder == folder ? String($0.rest) : nil }
  }
}
