import Network

/// Opens image folders and archives of them: train/CLASS/IMAGE beside test/CLASS/IMAGE, or CLASS/IMAGE alone.
enum ImageDataset {
  private static let testNames = ["test", "val", "valid", "validation"]

  /// Opens a folder.
  static func openFolder(_ request: DatasetRequest) throws(DatasetError) -> OpenedSplits {
    let path = try request.requiredPath()
    guard case .folder = FileTree.entry(at: path) else {
      throw DatasetError("\(path): is not a folder; set data.path to the folder that holds train and test")
    }
    let tree = try FileTree(below: path)
    let images = tree.files.filter { ImageCodec.isImageName($0.path) }.map { ImageEntry(path: $0.path, size: $0.size) }
    let listing = ImageListing(place: path, images: images, folders: tree.folders)
    return try open(listing, .folder(path: path), request)
  }

  /// Opens a tar archive.
  static func openArchive(_ request: DatasetRequest) throws(DatasetError) -> OpenedSplits {
    let path = try request.requiredPath()
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let file = try DiskFile(path: path, name: name)
    let listing = try TarIndex(of: file).listing
    return try open(withoutCommonFolder(listing), .archive(file), request)
  }

  /// Archives are often packed with the data set's own folder round everything.
  private static func withoutCommonFolder(_ listing: ImageListing) -> ImageListing {
    let top = listing.topFolders
    guard top.count == 1, top[0] != "train",
      listing.images.allSatisfy({ ImageListing.cut($0.path).map { $0.folder == top[0] } ?? false })
    else { return listing }
    let inner = listing.below(top[0])
    return inner.topFolders.isEmpty ? listing : inner
  }

  private static func open(
    _ listing: ImageListing, _ store: ImageStore, _ request: DatasetRequest
  ) throws(DatasetError) -> OpenedSplits {
    let (train, test) = try splits(of: listing)
    try test?.checkClasses(against: train)
    let shape = try shape(for: request, images: train.images, store)
    let source = { (split: ImageClasses) in
      ImageSource(store: store, split: split, shape: shape, isResized: request.size != nil)
    }
    return OpenedSplits(
      train: source(train), test: test.map(source),
      withoutTest: "\(listing.place): holds no folder test, val or valid beside the training images; add one, or set "
        + "data.hold-out")
  }

  private static func splits(
    of listing: ImageListing
  ) throws(DatasetError) -> (train: ImageClasses, test: ImageClasses?) {
    let folders = listing.topFolders
    let test = testNames.first(where: folders.contains)
    if folders.contains("train") {
      let train = try ImageClasses(listing.below("train"), prefix: "train/")
      return (
        train, try test.map { (name) throws(DatasetError) in try ImageClasses(listing.below(name), prefix: name + "/") }
      )
    }
    if let test {
      throw DatasetError("\(listing.place): holds a folder \(test) but no folder train; put both there")
    }
    return (try ImageClasses(listing, prefix: ""), nil)
  }

  /// The shape of every sample: as asked for or, without `data.size`, that of the first image.
  private static func shape(
    for request: DatasetRequest, images: [ImageClasses.LabelledImage], _ store: ImageStore
  ) throws(DatasetError) -> Shape {
    let channels = request.channels ?? 3
    guard channels == 1 || channels == 3 else {
      throw DatasetError("data.channels is \(channels); set it to 1 (grey) or 3 (colour)")
    }
    if let size = request.size {
      guard size.height >= 1, size.width >= 1, max(size.height, size.width) <= ImageCodec.sideLimit else {
        throw DatasetError("data.size is \(size); set it to 1...\(ImageCodec.sideLimit)")
      }
      return Shape(channels: channels, height: size.height, width: size.width)
    }
    let first = try firstShape(images, store, request.onDamage)
    return Shape(channels: channels, height: first.height, width: first.width)
  }

  private static func firstShape(
    _ images: [ImageClasses.LabelledImage], _ store: ImageStore, _ policy: DamagePolicy
  ) throws(DatasetError) -> Shape {
    var failure = DatasetError("there is no image")
    for image in images {
      do {
        return try ImageCodec.shape(of: store.bytes(of: image.entry), name: store.name(of: image.entry))
      } catch {
        failure = error
        if policy == .fail { break }
      }
    }
    throw failure
  }
}
