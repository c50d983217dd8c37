/// The images in a tar archive and where their bytes lie, found by walking its headers once.
struct TarIndex {
  private let file: DiskFile
  private var position = 0
  /// Bytes of the archive round the position: the headers of small members lie close together.
  private var window: (start: Int, bytes: [UInt8]) = (0, [])
  private var images: [ImageEntry] = []
  private var placeOfImage: [String: Int] = [:]
  private var folders: Set<String> = []

  /// What headers before a member say about it.
  private var longName: [UInt8]?
  private var records = PaxRecords()

  private static let nameLimit = 1 << 16
  /// Long enough for many small members, and no great waste before long ones.
  private static let windowLength = 1 << 14

  /// Walks through an archive.
  init(of file: DiskFile) throws(DatasetError) {
    self.file = file
    let start = try file.bytes(at: 0, min(file.count, 2))
    if start == [0x1F, 0x8B] {
      throw DatasetError(
        "\(file.name): is compressed, so its images cannot be read in place; unpack it with gunzip first")
    }
    while let block = try nextHeader() { try take(block) }
    try checkTail()
  }

  /// What was found; of several members with one name the last counts, as for tar itself.
  var listing: ImageListing {
    ImageListing(place: file.name, images: images, folders: folders)
  }

  /// The next header block; nil at the block of zeros that ends the archive.
  private mutating func nextHeader() throws(DatasetError) -> [UInt8]? {
    guard file.count - position >= TarHeader.blockLength else {
      throw DatasetError(
        "\(file.name): truncated at byte \(file.count): the archive has no end mark; fetch it again")
    }
    let block = try bytesAtPosition(TarHeader.blockLength)
    return block.allSatisfy { $0 == 0 } ? nil : block
  }

  /// The `length` bytes at the position, which the archive has.
  private mutating func bytesAtPosition(_ length: Int) throws(DatasetError) -> [UInt8] {
    if position < window.start || position + length > window.start + window.bytes.count {
      window = (position, try file.bytes(at: position, min(Self.windowLength, file.count - position)))
    }
    return Array(window.bytes[(position - window.start)...].prefix(length))
  }

  private mutating func take(_ block: [UInt8]) throws(DatasetError) {
    guard let header = TarHeader(block) else {
      throw DatasetError(
        "\(file.name): the header at byte \(position) is damaged, or this is no tar archive; fetch it again")
    }
    let start = position + TarHeader.blockLength
    let size = isDescription(header) ? header.size : records.size ?? header.size
    // Compared without a sum, which a hostile size could overflow.
    guard size <= file.count - start else {
      throw DatasetError(
        "\(file.name): truncated at byte \(file.count): the member at byte \(position) has \(size) bytes; "
          + "fetch it again")
    }
    position = start + size + (TarHeader.blockLength - size % TarHeader.blockLength) % TarHeader.blockLength
    if isDescription(header) {
      try describeNext(header, start)
    } else {
      try add(header, start, size)
      longName = nil
      records = PaxRecords()
    }
  }

  private func isDescription(_ header: TarHeader) -> Bool {
    [.longName, .longLink, .records, .globalRecords].contains(header.kind)
  }

  private mutating func describeNext(_ header: TarHeader, _ start: Int) throws(DatasetError) {
    guard header.kind == .longName || header.kind == .records else { return }
    guard header.size <= Self.nameLimit else {
      throw DatasetError("\(file.name): the name at byte \(start) has \(header.size) bytes; the archive is damaged")
    }
    let bytes = try file.bytes(at: start, header.size)
    if header.kind == .longName {
      longName = Array(bytes.prefix { $0 != 0 })
    } else if let records = PaxRecords(bytes) {
      self.records = records
    } else {
      throw DatasetError("\(file.name): the extended header at byte \(start) is damaged; fetch the archive again")
    }
  }

  private mutating func add(_ header: TarHeader, _ start: Int, _ size: Int) throws(DatasetError) {
    let bytes = records.path ?? longName ?? header.name
    guard let name = String(validating: bytes, as: UTF8.self) else {
      throw DatasetError("\(file.name): the name of the member before byte \(start) is not UTF-8; pack it again")
    }
    guard let path = Self.plainPath(name) else { return }
    // Old archives mark a folder only by the slash at the end of its name.
    if header.kind == .folder || (header.kind == .file && name.hasSuffix("/")) {
      folders.insert(path)
    } else if ImageCodec.isImageName(path) {
      guard header.kind == .file, !records.isSparse else {
        throw DatasetError(
          "\(file.name): \(path) is a link or has holes; pack it again with --dereference --hard-dereference")
      }
      insert(ImageEntry(path: path, size: size, offset: start))
    }
  }

  /// A member's name without empty parts and `.`; nil if nothing is left, or if a part starts with a dot.
  private static func plainPath(_ name: String) -> String? {
    let parts = name.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
    guard !parts.isEmpty, !parts.contains(where: { $0.first == UInt8(ascii: ".") }) else { return nil }
    return parts.map { String(Substring($0)) }.joined(separator: "/")
  }

  private mutating func insert(_ image: ImageEntry) {
    if let place = placeOfImage[image.path] {
      images[place] = image
    } else {
      placeOfImage[image.path] = images.count
      images.append(image)
    }
  }

  /// Nothing but zeros may follow the end mark: archives that were simply appended would lose images.
  private func checkTail() throws(DatasetError) {
    var place = position
    while place < file.count {
      let bytes = try file.bytes(at: place, min(1 << 16, file.count - place))
      if let index = bytes.firstIndex(where: { $0 != 0 }) {
        throw DatasetError(
          "\(file.name): holds data behind its end mark, at byte \(place + index); join archives with "
            + "tar --concatenate")
      }
      place += bytes.count
    }
  }
}
