package import Checkpoints
import Interchange
package import Training

/// Reads a ledger line by line, whatever its size, and believes nothing of it.
package struct LedgerReader: ~Copyable {
  /// One line.
  package struct Line: Sendable {
    /// Its number, from 1.
    package let number: Int
    /// Its bytes in the file, without the line feed.
    package let place: Range<Int>
    /// What it holds; where that is no entry, a sentence with file and line.
    package let entry: Result<LedgerEntry, CheckpointError>
  }

  /// Bytes that are read at once.
  private static let pieceLength = 1 << 20
  /// More bytes than a line of any run has: one of a million micro-batches.
  private static let longestLine = 1 << 25

  private let file: OpenFile
  /// The bytes of the file when it was opened.
  let count: Int
  private var buffer: [UInt8] = []
  /// Where the buffer's first byte lies in the file.
  private var start = 0
  /// How much of the buffer has been handed out.
  private var done = 0
  private var number = 0

  /// A reader of the ledger at `path`.
  ///
  /// - Throws: `RunError` with code `unusable` if it cannot be read.
  package init(_ path: String) throws(RunError) {
    // A value that cannot be copied must not be half initialized when it throws.
    let opened: OpenFile
    do { opened = try OpenFile.at(path, for: .reading) } catch { throw RunError.unusable(error) }
    do { count = try opened.count() } catch { throw RunError.unusable(error) }
    file = opened
  }

  /// The next line; nil at the end of the file.
  ///
  /// - Throws: `RunError` with code `unusable` if the file cannot be read on.
  package mutating func next() throws(RunError) -> Line? {
    guard let bytes = try nextBytes() else { return nil }
    number += 1
    let place = start + done..<start + done + bytes.count
    done = min(buffer.count, done + bytes.count + 1)
    return Line(number: number, place: place, entry: LedgerReader.entry(bytes, "\(file.path): line \(number)"))
  }

  /// The bytes up to the next line feed or the end of the file.
  private mutating func nextBytes() throws(RunError) -> ArraySlice<UInt8>? {
    var searched = done
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) { return buffer[done..<end] }
      searched = buffer.count - done
      guard try readOn() else { return done < buffer.count ? buffer[done...] : nil }
    }
  }

  /// Drops what has been handed out and reads the next piece; false at the end of the file.
  private mutating func readOn() throws(RunError) -> Bool {
    buffer.removeFirst(done)
    start += done
    done = 0
    let next = start + buffer.count
    guard next < count else { return false }
    guard buffer.count <= Self.longestLine else {
      throw RunError(
        .unusable, "\(file.path): line \(number + 1) has more than \(Self.longestLine) bytes; this is no ledger")
    }
    do {
      buffer += try file.read(next..<min(count, next + Self.pieceLength))
    } catch {
      throw RunError.unusable(error)
    }
    return true
  }

  /// What a line holds.
  static func entry(_ bytes: some Collection<UInt8>, _ place: String) -> Result<LedgerEntry, CheckpointError> {
    do {
      let entry = try RecordCoding.decode(LedgerEntry.self, from: bytes, of: place)
      if let problem = entry.problem { return .failure(CheckpointError("\(place) \(problem)")) }
      return .success(entry)
    } catch {
      return .failure((error as? CheckpointError) ?? CheckpointError("\(place) cannot be read: \(error)"))
    }
  }
}

extension LedgerEntry {
  /// More steps than any run takes.
  private static let largestStep = 1 << 40

  /// What no run writes, as the end of a sentence; nil if the entry is possible.
  fileprivate var problem: String? {
    guard (0...Self.largestStep).contains(step) else { return "has the step \(step), which no run takes" }
    for (key, digest) in [("samples", samples), ("gradient", gradient), ("weights", weights)]
    where !Self.isDigest(digest) {
      return "has something else than a digest of 16 hexadecimal digits at '\(key)'"
    }
    guard !microBatches.isEmpty, microBatches.allSatisfy(Self.isDigest) else {
      return "has something else than digests of 16 hexadecimal digits at 'micro-batches'"
    }
    return nil
  }

  private static func isDigest(_ text: String) -> Bool {
    text.utf8.count == 16
      && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (97...102).contains($0) }
  }
}
