/// An image file in a folder or an archive.
struct ImageEntry: Hashable {
  /// The path below the listing's top.
  var path: FileName
  /// The length in bytes.
  var size: Int
  /// Where its bytes start; 0 for a file of its own.
  var offset: Int = 0
}

/// The folders below a folder or in an archive, the images in them, and what else there is.
struct ImageListing {
  /// Where this lies, for messages.
  var place: String
  var images: [ImageEntry] = []
  private(set) var folders: Set<FileName> = []
  /// Files whose names say that they are no JPEG, PNG or WebP image.
  var others: [FileName] = []
  /// Files and folders that no data set means.
  var junk: Set<FileName> = []

  /// A listing of nothing.
  init(place: String) { self.place = place }

  /// Adds a file by its name: as an image or as something else. Its folders count as folders if it is an image.
  mutating func add(file: ImageEntry) {
    if ImageCodec.isImageName(file.path) {
      images.append(file)
      if let parent = file.path.parent { add(folder: parent) }
    } else {
      others.append(file.path)
    }
  }

  /// Adds a folder and those it lies in; where one is known, so are those above it.
  mutating func add(folder: FileName) {
    var folder: FileName? = folder
    while let next = folder, folders.insert(next).inserted { folder = next.parent }
  }

  /// The folders directly below the top, sorted by name.
  var topFolders: [FileName] { folders.filter { !$0.bytes.contains(FileName.slash) }.sorted() }

  /// Whether a top folder has folders of its own.
  func hasFolders(below name: FileName) -> Bool { folders.contains { $0.cut?.folder == name } }

  /// What lies below the top folder `name`, with paths relative to it.
  func below(_ name: FileName) -> ImageListing {
    let rest = { (path: FileName) in path.cut.flatMap { $0.folder == name ? $0.rest : nil } }
    var listing = ImageListing(place: "\(place)/\(name.text)")
    listing.images = images.compactMap { image in
      rest(image.path).map { ImageEntry(path: $0, size: image.size, offset: image.offset) }
    }
    listing.folders = Set(folders.compactMap(rest))
    listing.others = others.compactMap(rest)
    listing.junk = Set(junk.compactMap(rest))
    return listing
  }
}
