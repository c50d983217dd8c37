import Operators

/// Opens image folders and archives of them: train/CLASS/IMAGE beside test/CLASS/IMAGE, or CLASS/IMAGE alone.
enum ImageDataset {
  /// Opens a folder.
  static func openFolder(_ request: DatasetRequest) throws(DatasetError) -> OpenedSplits {
    let path = try request.requiredPath()
    guard case .folder = FileTree.entry(at: path) else {
      throw DatasetError("\(path): is not a folder; set data.path to the folder that holds train and test")
    }
    let tree = try FileTree(below: FileName(path))
    var listing = ImageListing(place: path)
    for folder in tree.folders { listing.add(folder: folder) }
    for file in tree.files { listing.add(file: ImageEntry(path: file.path, size: file.size)) }
    listing.junk = Set(tree.junk)
    return try open(listing, .folder(path: FileName(path)), request)
  }

  /// Opens a tar archive.
  static func openArchive(_ request: DatasetRequest) throws(DatasetError) -> OpenedSplits {
    let path = try request.requiredPath()
    let name = FileName(path).last.text
    let file = try DiskFile(path: path, name: name)
    let listing = try TarIndex(of: file).listing
    return try open(withoutCommonFolder(listing), .archive(file), request)
  }

  /// Archives are often packed with the data set's own folder round everything.
  private static func withoutCommonFolder(_ listing: ImageListing) -> ImageListing {
    let top = listing.topFolders
    guard top.count == 1, !SplitFolders.isSplit(top[0]),
      listing.images.allSatisfy({ $0.path.cut.map { $0.folder == top[0] } ?? false })
    else { return listing }
    let inner = listing.below(top[0])
    return inner.topFolders.isEmpty ? listing : inner
  }

  private static func open(
    _ listing: ImageListing, _ store: ImageStore, _ request: DatasetRequest
  ) throws(DatasetError) -> OpenedSplits {
    let folders = try SplitFolders(of: listing)
    let train = try split(folders.train, of: listing)
    let test = try folders.test.map { (name) throws(DatasetError) in try split(name, of: listing) }
    try test?.checkClasses(against: train)
    let reading = ImageReading(
      shape: try shape(for: request, images: train.images, store), isResized: request.size != nil,
      orientation: request.orientation)
    let source = { (split: ImageClasses) in ImageSource(store: store, split: split, reading: reading) }
    return OpenedSplits(
      train: source(train), test: test.map(source),
      withoutTest: "\(listing.place): holds no folder test, val or valid beside the training images; add one, or set "
        + "data.hold-out",
      leftOut: LeftOut(listing, used: folders.used))
  }

  private static func split(_ name: FileName?, of listing: ImageListing) throws(DatasetError) -> ImageClasses {
    guard let name else { return try ImageClasses(listing, prefix: nil) }
    return try ImageClasses(listing.below(name), prefix: name)
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
    let first = try firstShape(images, store, request)
    return Shape(channels: channels, height: first.height, width: first.width)
  }

  private static func firstShape(
    _ images: [ImageClasses.LabelledImage], _ store: ImageStore, _ request: DatasetRequest
  ) throws(DatasetError) -> Shape {
    var failure = DatasetError("there is no image")
    for image in images {
      do {
        let bytes = try store.bytes(of: image.entry)
        let shape = try ImageCodec.shape(of: bytes, name: store.name(of: image.entry))
        return request.orientation == .apply ? shape.turned(ImageMetadata.orientation(of: bytes)) : shape
      } catch {
        failure = error
        if request.onDamage == .fail, !request.isSurvey { break }
      }
    }
    throw failure
  }
}
