/// The images in a tar archive and where their bytes lie, found by walking its headers once.
struct TarIndex {
  private let file: DiskFile
  private var position = 0
  /// Bytes of the archive round the position: the headers of small members lie close together.
  private var window: (start: Int, bytes: [UInt8]) = (0, [])
  private var files: [ImageEntry] = []
  private var placeOfFile: [FileName: Int] = [:]
  private var folders: Set<FileName> = []
  private var junk: Set<FileName> = []

  /// What headers before a member say about it.
  private var longName: [UInt8]?
  private var records = PaxRecords()

  private static let nameLimit = 1 << 16
  /// What is read behind the end mark, in bytes; a second's work.
  private static let tailLimit = 1 << 30
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
    guard position > 0 else {
      throw DatasetError("\(file.name): holds nothing: it starts with the end mark of an archive; fetch it again")
    }
    try checkTail()
  }

  /// What was found; of several members with one name the last counts, as for tar itself.
  var listing: ImageListing {
    var listing = ImageListing(place: file.name)
    for folder in folders { listing.add(folder: folder) }
    for file in files { listing.add(file: file) }
    listing.junk = junk
    return listing
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
    let name = FileName(records.path ?? longName ?? header.name)
    let parts = name.parts.filter { $0.bytes != [UInt8(ascii: ".")] }
    if let place = parts.firstIndex(where: JunkFiles.contains) {
      junk.insert(FileName(parts[...place].map(\.bytes).joined(separator: [FileName.slash])))
      return
    }
    guard !parts.isEmpty else { return }
    let path = FileName(parts.map(\.bytes).joined(separator: [FileName.slash]))
    // Old archives mark a folder only by the slash at the end of its name.
    if header.kind == .folder || (header.kind == .file && name.bytes.last == FileName.slash) {
      folders.insert(path)
    } else if header.kind == .file, !records.isSparse {
      insert(ImageEntry(path: path, size: size, offset: start))
    } else if ImageCodec.isImageName(path) {
      throw DatasetError(
        "\(file.name): \(path.text) is a link or has holes; pack it again with --dereference --hard-dereference")
    }
  }

  private mutating func insert(_ entry: ImageEntry) {
    if let place = placeOfFile[entry.path] {
      files[place] = entry
    } else {
      placeOfFile[entry.path] = files.count
      files.append(entry)
    }
  }

  /// Nothing but zeros may follow the end mark: archives that were simply appended would lose images.
  private func checkTail() throws(DatasetError) {
    var place = file.data(from: position)
    var looked = 0
    while place < file.count {
      guard looked < Self.tailLimit else {
        throw DatasetError(
          "\(file.name): more than \(looked) zeros follow its end mark; cut them off with truncate --size "
            + "\(position + 2 * TarHeader.blockLength)")
      }
      let bytes = try file.bytes(at: place, min(1 << 20, file.count - place))
      if let index = bytes.firstIndex(where: { $0 != 0 }) {
        throw DatasetError(
          "\(file.name): holds data behind its end mark, at byte \(place + index); join archives with "
            + "tar --concatenate")
      }
      looked += bytes.count
      place = file.data(from: place + bytes.count)
    }
  }
}
