import Network

/// One split of an image folder or archive; images are decoded when they are read.
struct ImageSource: SampleSource {
  let shape: Shape
  let classNames: [String]
  private let images: [ImageClasses.LabelledImage]
  private let store: ImageStore
  private let isResized: Bool

  /// A split whose images all become `shape`: scaled and cropped if `isResized`, else they must have its size.
  init(store: ImageStore, split: ImageClasses, shape: Shape, isResized: Bool) {
    self.store = store
    self.shape = shape
    self.isResized = isResized
    classNames = split.names
    images = split.images
  }

  var count: Int { images.count }
  var decodes: Bool { true }

  func name(of index: Int) -> String { images[index].entry.path }

  func label(of index: Int) -> Int { images[index].label }

  func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int {
    let image = images[index]
    let bytes = try store.bytes(of: image.entry)
    let found = try ImageCodec.decode(bytes, into: &pixels, ifOf: shape, name: store.name(of: image.entry))
    if !found.isDecoded { try fit(bytes, of: found.shape, name: store.name(of: image.entry), into: &pixels) }
    return image.label
  }

  /// Brings an image of another shape to that of the samples.
  private func fit(
    _ bytes: [UInt8], of found: Shape, name: String, into pixels: inout MutableSpan<UInt8>
  ) throws(DatasetError) {
    let decoded = try ImageCodec.decode(bytes, shape: found, name: name)
    let fitted = try fitted(decoded.converted(toChannels: shape.channels), name: name)
    precondition(pixels.count == fitted.bytes.count)
    for place in fitted.bytes.indices { pixels[place] = fitted.bytes[place] }
  }

  private func fitted(_ image: DecodedImage, name: String) throws(DatasetError) -> DecodedImage {
    if image.shape == shape { return image }
    let found = Extent(height: image.shape.height, width: image.shape.width)
    let target = Extent(height: shape.height, width: shape.width)
    guard isResized else {
      throw DatasetError(
        "\(name): its size is \(found), but the first image's is \(target); set data.size to bring all images "
          + "to one size")
    }
    return Resampler(from: found, to: target)(image)
  }

  func content() throws(DatasetError) -> SplitContent { try store.content(of: images) }
}
