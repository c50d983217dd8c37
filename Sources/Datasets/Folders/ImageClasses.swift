/// The images of one split by class: the folders directly below its top are the classes, sorted by name; the images of
/// a class lie anywhere below its folder and are sorted by path.
struct ImageClasses {
  let names: [String]
  let images: [LabelledImage]
  let place: String
  private let folders: [FileName]

  /// An image and the number of its class; its path is relative to the top of the whole data set.
  struct LabelledImage: Hashable {
    let entry: ImageEntry
    let label: Int
  }

  /// Sorts a split's listing; `prefix` leads from the top of the data set to the split, nil if they are the same.
  init(_ listing: ImageListing, prefix: FileName?) throws(DatasetError) {
    folders = listing.topFolders
    place = listing.place
    guard !folders.isEmpty else {
      throw DatasetError("\(listing.place): holds no folders; put the images of each class into a folder of its own")
    }
    if let stray = listing.images.first(where: { $0.path.cut == nil }) {
      throw DatasetError("\(listing.place)/\(stray.path.text): lies in no class folder; move it into one or remove it")
    }
    names = try folders.map { (folder) throws(DatasetError) in try Self.className(folder, in: listing.place) }
    images = try Self.labelled(listing, folders, prefix)
  }

  /// Class names stand in text files later.
  private static func className(_ folder: FileName, in place: String) throws(DatasetError) -> String {
    guard let name = folder.utf8 else {
      throw DatasetError("\(place)/\(folder.text): the name of this class folder is not UTF-8; rename it")
    }
    return name
  }

  private static func labelled(
    _ listing: ImageListing, _ folders: [FileName], _ prefix: FileName?
  ) throws(DatasetError) -> [LabelledImage] {
    let byClass = Dictionary(grouping: listing.images) { $0.path.cut?.folder }
    var labelled: [LabelledImage] = []
    for (label, folder) in folders.enumerated() {
      guard let images = byClass[folder] else { throw emptyClass(folder, listing) }
      labelled += images.sorted { $0.path < $1.path }.map { image in
        LabelledImage(
          entry: ImageEntry(path: prefix.map { $0 / image.path } ?? image.path, size: image.size, offset: image.offset),
          label: label)
      }
    }
    return labelled
  }

  private static func emptyClass(_ folder: FileName, _ listing: ImageListing) -> DatasetError {
    let found = LeftOut(listing.below(folder), used: nil).filesText.map { " (it holds \($0))" } ?? ""
    return DatasetError(
      "\(listing.place)/\(folder.text): the class has no JPEG, PNG or WebP image\(found); add images, or remove the "
        + "folder")
  }

  /// Fails unless this split has the classes of `other`.
  func checkClasses(against other: ImageClasses) throws(DatasetError) {
    let different = Set(folders).symmetricDifference(other.folders).sorted()
    guard different.isEmpty else {
      throw DatasetError(
        "\(place): its classes differ from those of \(other.place) in "
          + "\(different.prefix(5).map(\.text).joined(separator: ", ")); both need the same class folders")
    }
  }
}
