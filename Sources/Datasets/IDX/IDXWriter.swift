import Foundation

/// Writes one IDX file: beside its place first, so that a file with the right name is always whole.
final class IDXWriter {
  private static let pieceLength = 1 << 16
  private let path: String
  private let file: FileHandle
  private var pending: [UInt8] = []

  /// Makes the file that will become `path`.
  init(path: String) throws(DatasetError) {
    self.path = path
    guard FileManager.default.createFile(atPath: path + ".part", contents: nil),
      let file = FileHandle(forWritingAtPath: path + ".part")
    else {
      throw DatasetError("\(path): cannot be written; name a folder that you may write to")
    }
    self.file = file
  }

  /// Writes the header.
  func start(_ kind: IDXHeader.Kind, dimensions: [Int]) throws(DatasetError) {
    guard let header = IDXHeader(kind: kind, dimensions: dimensions),
      dimensions.allSatisfy({ (1...Int(UInt32.max)).contains($0) })
    else {
      throw DatasetError("\(path): the dimensions \(dimensions) do not fit into an IDX file; choose smaller counts")
    }
    try append(header.bytes)
  }

  /// Adds bytes at the end.
  func append(_ bytes: [UInt8]) throws(DatasetError) {
    pending += bytes
    if pending.count >= Self.pieceLength { try flush() }
  }

  /// Writes what is left and gives the file its name.
  func finish() throws(DatasetError) {
    try flush()
    do {
      try file.close()
    } catch {
      throw failure
    }
    guard unsafe rename(path + ".part", path) == 0 else { throw failure }
  }

  private func flush() throws(DatasetError) {
    do {
      try file.write(contentsOf: pending)
    } catch {
      throw failure
    }
    pending.removeAll(keepingCapacity: true)
  }

  private var failure: DatasetError { DatasetError("\(path): cannot be written; is the disk full?") }
}
