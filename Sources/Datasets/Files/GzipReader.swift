import CZlib
import Foundation

/// Reads a gzipped file from its start to its end.
@safe
final class GzipReader {
  private let name: String
  private let file: gzFile

  /// Opens the gzipped file at `path`; messages call it `name`.
  init(path: String, name: String) throws(DatasetError) {
    guard let file = unsafe gzopen(path, "rb") else {
      throw DatasetError("\(name): cannot be opened (\(FileTree.reason(errno))); check data.path \(path)")
    }
    self.name = name
    unsafe self.file = file
  }

  deinit { unsafe gzclose(file) }

  /// The next bytes, at most `limit`; fewer only at the end of the file. Memory grows with the data that is there, not
  /// with what a header promises.
  func next(upTo limit: Int) throws(DatasetError) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: min(limit, 1 << 18))
    while bytes.count < limit {
      let wanted = UInt32(min(piece.count, limit - bytes.count))
      let received = unsafe piece.withUnsafeMutableBytes { unsafe gzread(file, $0.baseAddress, wanted) }
      try check(received)
      if received == 0 { break }
      bytes.append(contentsOf: piece.prefix(Int(received)))
    }
    return bytes
  }

  /// zlib tells of a stream that ends too early only here.
  private func check(_ received: Int32) throws(DatasetError) {
    var code: Int32 = 0
    _ = unsafe gzerror(file, &code)
    guard received < 0 || (code != Z_OK && code != Z_STREAM_END) else { return }
    let offset = unsafe gzoffset(file)
    let what = code == Z_BUF_ERROR ? "truncated: its gzip stream ends" : "its gzip stream is damaged"
    throw DatasetError("\(name): \(what) at byte \(offset); fetch it again")
  }
}
