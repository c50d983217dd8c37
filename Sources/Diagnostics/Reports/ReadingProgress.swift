import Dispatch
import Foundation
import Training

/// Tells on standard error how far a long reading is, every two seconds.
struct ReadingProgress {
  private static let interval = 2.0
  private let name: String
  private let done: String
  private var told = DispatchTime.now()

  /// The progress of reading what is called `name`; `done` says what happens to it.
  init(_ name: String, done: String = "read") { (self.name, self.done) = (name, done) }

  /// Says that `done` of `all` samples have been read, if nothing was said for a while.
  mutating func tell(_ done: Int, of all: Int) {
    let now = DispatchTime.now()
    guard Double(now.uptimeNanoseconds - told.uptimeNanoseconds) > Self.interval * 1e9 else { return }
    told = now
    let line = "\(name): \(Display.count(done)) of \(Display.count(all)) \(self.done)\n"
    try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
  }
}
