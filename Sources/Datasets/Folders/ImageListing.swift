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

  private static func path(_ path: String, without prefix: String) -> String {
    String(path[path.utf8.index(path.startIndex, offsetBy: prefix.utf8.count)...])
  }

  /// The folders directly below the top, sorted by name.
  var topFolders: [String] { folders.filter { !$0.utf8.contains(UInt8(ascii: "/")) }.sorted(by: FileTree.precedes) }

  /// What lies below the folder `name`, with paths relative to it.
  func below(_ name: String) -> ImageListing {
    let prefix = name + "/"
    let inside = images.filter { $0.path.hasPrefix(prefix) }.map {
      ImageEntry(path: Self.path($0.path, without: prefix), size: $0.size, offset: $0.offset)
    }
    let folders = self.folders.filter { $0.hasPrefix(prefix) }.map { Self.path($0, without: prefix) }
    return ImageListing(place: "\(place)/\(name)", images: inside, folders: folders)
  }
}
