import Checkpoints
import Datasets
import Foundation
import Interchange

/// The log of one rank, `ranks/0000.log`: where it ran, and where its time went. Kept where the rank can see the run
/// directory; on a machine that cannot, there is no log, and training goes on.
struct RankLog: ~Copyable {
  private let file: OpenFile?
  private var sum = StepTiming()
  private var steps = 0

  /// Opens the log and writes the first line.
  init(directory: RunDirectory, rank: Int, host: String, lanes: Int) {
    file = try? OpenFile.at(directory.log(ofRank: rank), for: .appending)
    write("rank \(rank) on \(host), process \(ProcessInfo.processInfo.processIdentifier), \(lanes) lanes")
  }

  /// Writes a sentence about the rank.
  func note(_ sentence: String) { write(sentence) }

  /// Takes up a step.
  mutating func note(_ timing: StepTiming) {
    sum += timing
    steps += 1
  }

  /// Writes where the time of the steps since the last line went: computing is what is left when waiting is taken off.
  /// The processor time of the prefetch thread is part of it where the rank has no core to spare.
  mutating func flush(after done: Int, images: ImageCache.Counts?) {
    guard steps > 0 else { return }
    let computing = sum.wall - sum.exchange - sum.lanes - sum.input
    let parts = [
      ("computing", computing), ("awaiting the exchange", sum.exchange), ("awaiting other lanes", sum.lanes),
      ("awaiting input", sum.input),
    ].map { "\(Display.decimal($0.1, 3)) s \($0.0)" }
    write("after step \(done): \(steps) steps in \(Display.decimal(sum.wall, 3)) s: \(parts.joined(separator: ", "))")
    write("  loading: \(Display.decimal(sum.loading, 3)) s of processor time" + Self.cacheText(images))
    (sum, steps) = (StepTiming(), 0)
  }

  private static func cacheText(_ images: ImageCache.Counts?) -> String {
    guard let images else { return "" }
    return ", \(Display.count(images.found)) of \(Display.count(images.asked)) images since the start from the cache"
  }

  private func write(_ line: String) { try? file?.write(Array((line + "\n").utf8)) }
}
