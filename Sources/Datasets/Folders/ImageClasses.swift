/// The images of one split by class: the folders directly below its top are the classes, sorted by name; the images of
/// a class lie anywhere below its folder and are sorted by path.
struct ImageClasses {
  let names: [String]
  let images: [LabelledImage]
  let place: String

  /// An image and the number of its class; its path is relative to the top of the whole data set.
  struct LabelledImage: Hashable {
    let entry: ImageEntry
    let label: Int
  }

  /// Sorts a split's listing; `prefix` leads from the top of the data set to the split ("train/", or empty).
  init(_ listing: ImageListing, prefix: String) throws(DatasetError) {
    names = listing.topFolders
    place = listing.place
    guard !names.isEmpty else {
      throw DatasetError("\(listing.place): holds no folders; put the images of each class into a folder of its own")
    }
    if let stray = listing.images.first(where: { ImageListing.cut($0.path) == nil }) {
      throw DatasetError("\(listing.place)/\(stray.path): lies in no class folder; move it into one or remove it")
    }
    images = try Self.labelled(listing, names, prefix)
  }

  private static func labelled(
    _ listing: ImageListing, _ names: [String], _ prefix: String
  ) throws(DatasetError) -> [LabelledImage] {
    let byClass = Dictionary(grouping: listing.images) { ImageListing.cut($0.path)?.folder ?? "" }
    var labelled: [LabelledImage] = []
    for (label, name) in names.enumerated() {
      guard let images = byClass[name[...]] else {
        throw DatasetError(
          "\(listing.place)/\(name): the class has no JPEG or PNG image; add images, or remove the folder")
      }
      labelled += images.sorted { FileTree.precedes($0.path, $1.path) }.map { image in
        LabelledImage(
          entry: ImageEntry(path: prefix + image.path, size: image.size, offset: image.offset), label: label)
      }
    }
    return labelled
  }

  /// Fails unless this split has the classes of `other`.
  func checkClasses(against other: ImageClasses) throws(DatasetError) {
    let different = Set(names).symmetricDifference(other.names).sorted(by: FileTree.precedes)
    guard different.isEmpty else {
      throw DatasetError(
        "\(place): its classes differ from those of \(other.place) in \(different.prefix(5).joined(separator: ", ")); "
          + "both need the same class folders")
    }
  }
}
