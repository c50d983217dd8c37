import Foundation

/// Loads micro-batches ahead of their use, on one background thread.
///
/// Work items are loaded in their order and taken by their number, from any thread and in any order. The lowest item
/// that is not released is always loaded or next in turn, so that lanes that take their items in ascending order never
/// wait for each other, given at least one slot more than there are lanes.
package final class Prefetcher: Sendable {
  private let queue: PrefetchQueue

  /// Starts loading.
  ///
  /// - Parameters:
  ///   - loader: loads through its order or, if it has none, plainly.
  ///   - samples: m, the samples of a micro-batch.
  ///   - slots: how many micro-batches may be loaded or in use at once; at least one more than there are lanes.
  ///   - work: the positions of work item 0, 1, …, at most m each; nil ends the work. Called on the thread.
  package init(
    loader: MicroBatchLoader, samples: Int, slots: Int, work: @escaping @Sendable (Int) -> Range<Int>?
  ) {
    let queue = PrefetchQueue(loader: loader, samples: samples, slots: slots, work: work)
    self.queue = queue
    // The thread holds the queue but not this object, whose end is what stops the thread.
    let thread = Thread { queue.run() }
    thread.name = "prefetch"
    thread.start()
  }

  deinit { queue.stop() }

  /// Waits until work item `index` is loaded and returns it; it stays valid until it is released.
  ///
  /// Fails with the error of the first item that could not be loaded, for that item and for all after it; if the work
  /// ended before `index`; and after `stop`.
  package func take(_ index: Int) throws(DatasetError) -> PreparedMicroBatch { try queue.take(index) }

  /// Gives the slot of work item `index` back; its micro-batch must not be used any more.
  package func release(_ index: Int) { queue.release(index) }

  /// The processor time that the thread has used so far, in seconds. Where a rank has no core to spare for the thread,
  /// its lanes compute that much longer.
  package var secondsLoading: Double { queue.secondsLoading }

  /// Ends the thread and waits for its end. Micro-batches that are taken stay valid.
  package func stop() { queue.stop() }
}
