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
