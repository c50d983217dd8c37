import Configuration
import Datasets
import Synchronization

/// The prepared micro-batches of a rank, made ahead by the prefetch thread in the order in which the lanes need them.
final class SampleFeed: Sendable {
  private let prefetcher: Prefetcher
  private let firstStep: Int
  private let itemsPerStep: Int
  /// The place of each of the rank's micro-batches in the order of loading.
  private let places: [Int: Int]

  /// Starts to prepare the share's micro-batches from `firstStep` on.
  init(blueprint: Blueprint, share: WorkShare, firstStep: Int) {
    let order = share.loadingOrder
    let count = order.count
    self.firstStep = firstStep
    self.itemsPerStep = count
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

  /// The prepared micro-batch; waits until it is ready. It must be released after use.
  func take(step: Int, microBatch: Int) throws(RunError) -> PreparedMicroBatch {
    do { return try prefetcher.take(item(step, microBatch)) } catch { throw RunError(.failed, "\(error)") }
  }

  /// Lets the prefetch thread use the micro-batch's memory again.
  func release(step: Int, microBatch: Int) { prefetcher.release(item(step, microBatch)) }

  /// The processor time of the prefetch thread so far, in seconds.
  var secondsLoading: Double { prefetcher.secondsLoading }

  /// Ends the prefetch thread.
  func stop() { prefetcher.stop() }

  private func item(_ step: Int, _ microBatch: Int) -> Int {
    guard let place = places[microBatch] else { preconditionFailure("micro-batch \(microBatch) is another rank's") }
    return (step - firstStep) * itemsPerStep + place
  }
}
