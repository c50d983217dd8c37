import Foundation
import Interchange
import Synchronization

/// A file of JSON objects, one a line, that only grows. Each line is handed to the system in one piece when it is
/// appended, so that a killed process leaves whole lines; after a power failure the last ones may be missing or cut.
///
/// Safe to use from several threads.
package final class JSONLinesFile: Sendable {
  private let file: OpenFile
  private let appending = Mutex(())

  /// Opens the file at `path` to append to it, creating it if missing. A cut last line is removed.
  package init(_ path: String) throws(CheckpointError) {
    do throws(FileError) {
      file = try OpenFile.at(path, for: .appending)
      let count = try file.count()
      guard count > 0, try file.read(count - 1..<count) != [JSONLines.newline] else { return }
    } catch {
      throw CheckpointError(error.description)
    }
    try dropCutLine()
  }

  /// Appends `value` as one line.
  ///
  /// On failure the file is as before. Values that are not finite become the strings `inf`, `-inf` and `nan`.
  package func append(_ value: some Encodable) throws(CheckpointError) {
    let line: [UInt8]
    do {
      line = try RecordCoding.encode(value)
    } catch {
      throw CheckpointError("\(file.path): the entry has no JSON form: \(error)")
    }
    do {
      try appending.withLock { _ throws(FileError) in try appendWhole(line) }
    } catch {
      throw CheckpointError("\(error); free some space or mend the disk and resume with --resume")
    }
  }

  /// Waits until all lines are on the disk (`fsync`).
  package func synchronize() throws(CheckpointError) {
    do {
      try file.synchronize()
    } catch {
      throw CheckpointError("\(error); mend the disk and resume with --resume")
    }
  }

  private func appendWhole(_ line: [UInt8]) throws(FileError) {
    let before = try file.count()
    do throws(FileError) {
      try file.write(line)
    } catch {
      try? file.cut(to: before)
      throw error
    }
  }

  private func dropCutLine() throws(CheckpointError) {
    do throws(FileError) {
      let bytes = try file.read()
      let whole = bytes.lastIndex(of: JSONLines.newline).map { $0 + 1 } ?? 0
      // A line may lack nothing but its end.
      if JSONLines.step(in: bytes[whole...]) != nil {
        try file.write([JSONLines.newline])
      } else {
        try file.cut(to: whole)
      }
    } catch {
      throw CheckpointError(error.description)
    }
  }
}

extension JSONLinesFile {
  /// Removes the lines of the steps that `keeps` does not want, and what a crash left cut or garbled at the end, so
  /// that a resumed run continues the file as if it had never been stopped. A crash leaves the former file or the new
  /// one. A missing file counts as empty.
  ///
  /// - Parameter keeps: whether to keep the lines whose key `step` has this value.
  /// - Returns: the number of lines removed.
  /// - Throws: if a line before one that is kept is no JSON object with a whole number `step`.
  @discardableResult
  package static func truncate(
    _ path: String, keepingWhere keeps: (_ step: Int) -> Bool
  ) throws(CheckpointError) -> Int {
    if Disk.kind(of: path) == .missing { return 0 }
    do {
      let bytes = try Disk.read(path)
      let (kept, removed) = try JSONLines.filter(bytes, of: path, keepingWhere: keeps)
      if kept != bytes { try Disk.replace(path, with: kept) }
      return removed
    } catch let error as CheckpointError {
      throw error
    } catch {
      throw CheckpointError("\(error)")
    }
  }
}

/// Lines of JSON as bytes.
private enum JSONLines {
  static let newline = UInt8(ascii: "\n")

  private struct Step: Decodable {
    var step: Int
  }

  /// The step that a line belongs to; nil if it is not a whole JSON object with one.
  static func step(in line: ArraySlice<UInt8>) -> Int? {
    try? RecordCoding.decode(Step.self, from: line).step
  }

  /// The lines of `bytes` that stay, and how many do not.
  static func filter(
    _ bytes: [UInt8], of path: String, keepingWhere keeps: (Int) -> Bool
  ) throws(CheckpointError) -> (kept: [UInt8], removed: Int) {
    var kept: [UInt8] = []
    var removed = 0
    var unreadable: Int?
    for (index, line) in bytes.split(separator: newline).enumerated() {
      let step = step(in: line)
      if step == nil { unreadable = unreadable ?? index + 1 }
      guard let step, keeps(step) else {
        removed += 1
        continue
      }
      if let unreadable {
        throw CheckpointError(
          "\(path): line \(unreadable) is no JSON object with a whole number 'step', but lines to keep follow "
            + "it; the file is damaged, move it away to go on without it")
      }
      kept += line + [newline]
    }
    return (kept, removed)
  }
}
