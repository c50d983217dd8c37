import Operators

/// How encoded images become samples.
struct ImageReading: Sendable {
  /// What every sample's shape is.
  var shape: Shape
  /// Whether images are scaled and cropped to that shape; else they must have its size.
  var isResized: Bool
  var orientation: OrientationPolicy
}

/// One split of an image folder or archive; images are decoded when they are read.
struct ImageSource: SampleSource {
  let classNames: [String]
  private let images: [ImageClasses.LabelledImage]
  private let store: ImageStore
  private let reading: ImageReading

  /// A split whose images are all read in the same way.
  init(store: ImageStore, split: ImageClasses, reading: ImageReading) {
    self.store = store
    self.reading = reading
    classNames = split.names
    images = split.images
  }

  var count: Int { images.count }
  var shape: Shape { reading.shape }
  var decodes: Bool { true }

  func name(of index: Int) -> String { images[index].entry.path.text }

  func label(of index: Int) -> Int { images[index].label }

  func orientation(of index: Int) throws(DatasetError) -> Orientation {
    ImageMetadata.orientation(of: try store.bytes(of: images[index].entry))
  }

  func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int {
    let image = images[index]
    let bytes = try store.bytes(of: image.entry)
    let orientation = reading.orientation == .apply ? ImageMetadata.orientation(of: bytes) : .upright
    if orientation != .upright {
      let found = try ImageCodec.shape(of: bytes, name: store.name(of: image.entry))
      try fit(bytes, of: found, orientation, name: store.name(of: image.entry), into: &pixels)
      return image.label
    }
    let found = try ImageCodec.decode(bytes, into: &pixels, ifOf: shape, name: store.name(of: image.entry))
    if !found.isDecoded {
      try fit(bytes, of: found.shape, .upright, name: store.name(of: image.entry), into: &pixels)
    }
    return image.label
  }

  /// Brings an image of another shape, or one that does not stand upright, to the shape of the samples.
  private func fit(
    _ bytes: [UInt8], of found: Shape, _ orientation: Orientation, name: String, into pixels: inout MutableSpan<UInt8>
  ) throws(DatasetError) {
    let decoded = try ImageCodec.decode(bytes, shape: found, name: name).turned(orientation)
    let fitted = try fitted(decoded.converted(toChannels: shape.channels), name: name)
    precondition(pixels.count == fitted.bytes.count)
    for place in fitted.bytes.indices { pixels[place] = fitted.bytes[place] }
  }

  private func fitted(_ image: DecodedImage, name: String) throws(DatasetError) -> DecodedImage {
    if image.shape == shape { return image }
    let found = Extent(height: image.shape.height, width: image.shape.width)
    let target = Extent(height: shape.height, width: shape.width)
    guard reading.isResized else {
      throw DatasetError(
        "\(name): its size is \(found), but the first image's is \(target); set data.size to bring all images "
          + "to one size", kind: .unusable)
    }
    return Resampler(from: found, to: target)(image)
  }

  func content(report: (String) -> Void) throws(DatasetError) -> SplitContent {
    try store.content(of: images, report: report)
  }
}

/// Where the encoded images of a data set lie.
enum ImageStore: Sendable {
  /// As files below a folder.
  case folder(path: FileName)
  /// As members of an open archive.
  case archive(DiskFile)

  /// The encoded bytes of an image.
  func bytes(of image: ImageEntry) throws(DatasetError) -> [UInt8] {
    let file =
      switch self {
      case .folder(let path): try DiskFile(path: path / image.path, name: image.path.text)
      case .archive(let file): file
      }
    guard image.size <= ImageCodec.fileLimit else {
      throw DatasetError(
        "\(name(of: image)): its \(image.size) bytes are too many for an image; remove it", kind: .unusable)
    }
    guard file.count >= image.offset + image.size else { throw file.pastEnd(image.offset, image.size) }
    return try file.bytes(at: image.offset, image.size)
  }

  /// An image's name for messages.
  func name(of image: ImageEntry) -> String {
    switch self {
    case .folder: image.path.text
    case .archive(let file): "\(file.name): \(image.path.text) (at byte \(image.offset))"
    }
  }
}
