/// An IDX file whose length is exactly what its header says, plain on disk or inflated in memory.
struct IDXFile {
  let header: IDXHeader
  let store: any ByteStore
  /// The file on disk, as it lies there.
  let file: DiskFile

  /// Opens and checks the file at `path`; messages call it `name`.
  init(path: String, name: String, kind: IDXHeader.Kind) throws(DatasetError) {
    let disk = try DiskFile(path: path, name: name)
    let start = try disk.bytes(at: 0, min(disk.count, kind.headerLength))
    if start.starts(with: [0x1F, 0x8B]) {
      self = try Self.inflated(GzipReader(path: path, name: name), disk, kind)
    } else {
      let header = try IDXHeader(parsing: start, kind: kind, name: name)
      try Self.check(found: disk.count, header, name)
      self.init(header: header, store: disk, file: disk)
    }
  }

  private init(header: IDXHeader, store: any ByteStore, file: DiskFile) {
    self.header = header
    self.store = store
    self.file = file
  }

  private static func inflated(
    _ gzip: GzipReader, _ disk: DiskFile, _ kind: IDXHeader.Kind
  ) throws(DatasetError) -> IDXFile {
    let name = disk.name
    let start = try gzip.next(upTo: kind.headerLength)
    let header = try IDXHeader(parsing: start, kind: kind, name: name)
    // No byte of deflated data becomes more than 1032. Memory is asked for only when the promise can be kept.
    guard header.length <= (disk.count + 1) * 1032 else {
      throw DatasetError(
        "\(name): truncated: its header expects \(header.length) bytes, which its \(disk.count) gzipped bytes cannot "
          + "hold; fetch it again", kind: .damage)
    }
    let held = try HeldBytes(name: name, count: header.length)
    let count = try unsafe held.withBytes(from: 0) { (bytes) throws(DatasetError) in
      unsafe bytes.copyBytes(from: start)
      return try unsafe gzip.fill(UnsafeMutableRawBufferPointer(rebasing: bytes[start.count...]))
    }
    // Beyond the end, a few bytes are enough to know that the length is wrong.
    let rest = try gzip.next(upTo: enough)
    guard rest.count < enough else {
      throw DatasetError(
        "\(name): unpacks to far more than the \(header.length) bytes that its header says; it may be damaged, fetch "
          + "it again", kind: .damage)
    }
    try check(found: start.count + count + rest.count, header, name)
    return IDXFile(header: header, store: held, file: disk)
  }

  /// How far beyond the promised end of a gzipped file is looked, in bytes.
  private static let enough = 1 << 16

  private static func check(found: Int, _ header: IDXHeader, _ name: String) throws(DatasetError) {
    if found < header.length {
      throw DatasetError(
        "\(name): truncated: its header expects \(header.length) bytes, it has \(found); fetch it again", kind: .damage)
    }
    if found > header.length {
      throw DatasetError(
        "\(name): holds \(found - header.length) bytes more than its header says; it may be damaged, fetch it again",
        kind: .damage)
    }
  }
}
