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

  /// The next bytes, at most `limit`; fewer only at the end of the file.
  func next(upTo limit: Int) throws(DatasetError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = unsafe bytes.withUnsafeMutableBytes { target in
      Result { () throws(DatasetError) in try unsafe fill(target) }
    }
    return Array(bytes.prefix(try count.get()))
  }

  /// Fills `target` with the next bytes; returns how many there were, fewer only at the end of the file.
  func fill(_ target: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    var done = 0
    while done < target.count {
      let wanted = UInt32(min(target.count - done, 1 << 24))
      // The bytes from `done` on lie inside the target.
      let received = unsafe gzread(file, target.baseAddress.map { unsafe $0 + done }, wanted)
      try check(received)
      if received == 0 { break }
      done += Int(received)
    }
    return done
  }

  /// zlib tells of a stream that ends too early only here.
  private func check(_ received: Int32) throws(DatasetError) {
    var code: Int32 = 0
    _ = unsafe gzerror(file, &code)
    guard received < 0 || (code != Z_OK && code != Z_STREAM_END) else { return }
    let offset = unsafe gzoffset(file)
    let what = code == Z_BUF_ERROR ? "truncated: its gzip stream ends" : "its gzip stream is damaged"
    throw DatasetError("\(name): \(what) at byte \(offset); fetch it again", kind: .damage)
  }
}
