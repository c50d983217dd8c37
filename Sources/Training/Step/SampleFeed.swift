import Configuration
import Datasets
package import Engine
import Synchronization

/// Where lanes get their micro-batches from.
package protocol MicroBatchFeed: Sendable {
  /// Lends a micro-batch of a step, in the order of the rank's share; waits until it is there.
  ///
  /// - Parameter body: gets the samples and the digest of what was read for them; they are valid while it runs.
  /// - Throws: `RunError` if they cannot be read, and what `body` throws.
  func lend(step: Int, microBatch: Int, to body: MicroBatchBorrower) throws(RunError)
  /// The processor time that the reading has taken so far, in seconds.
  var secondsLoading: Double { get }
  /// Ends the reading; nothing can be lent any more.
  func stop()
}

/// What computes with a micro-batch while it is lent.
package typealias MicroBatchBorrower = (_ samples: borrowing MicroBatch, _ content: UInt64) throws(RunError) -> Void

/// The prepared micro-batches of a rank, made ahead by the prefetch thread in the order in which the lanes need them.
final class SampleFeed: MicroBatchFeed {
  private let prefetcher: Prefetcher
  private let firstStep: Int
  private let itemsPerStep: Int
  private let size: Int
  /// The place of each of the rank's micro-batches in the order of loading.
  private let places: [Int: Int]

  /// Starts to prepare the share's micro-batches from `firstStep` on.
  init(blueprint: Blueprint, share: WorkShare, firstStep: Int) {
    let order = share.loadingOrder
    let count = order.count
    self.firstStep = firstStep
    self.itemsPerStep = count
    size = blueprint.configuration.train.microBatch
    self.places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
    self.prefetcher = Prefetcher(
      loader: blueprint.loader(training: true), samples: blueprint.configuration.train.microBatch,
      slots: Self.slots(lanes: share.lanes.count)
    ) { item in
      let step = firstStep + item / count
      return step < blueprint.steps ? blueprint.positions(step: step, microBatch: order[item % count]) : nil
    }
  }

  /// The micro-batches that are prepared or in use at once.
  static func slots(lanes: Int) -> Int { 2 * lanes + 2 }

  func lend(step: Int, microBatch: Int, to body: MicroBatchBorrower) throws(RunError) {
    let item = item(step, microBatch)
    let prepared = try take(item)
    defer { prefetcher.release(item) }
    try body(
      MicroBatch(
        images: unsafe prepared.images.span, labels: unsafe prepared.labels.span, samples: unsafe prepared.ids.span,
        valid: size), prepared.contentDigest)
  }

  private func take(_ item: Int) throws(RunError) -> PreparedMicroBatch {
    do { return try prefetcher.take(item) } catch { throw RunError(.failed, "\(error)") }
  }

  var secondsLoading: Double { prefetcher.secondsLoading }

  func stop() { prefetcher.stop() }

  private func item(_ step: Int, _ microBatch: Int) -> Int {
    guard let place = places[microBatch] else { preconditionFailure("micro-batch \(microBatch) is another rank's") }
    return (step - firstStep) * itemsPerStep + place
  }
}
