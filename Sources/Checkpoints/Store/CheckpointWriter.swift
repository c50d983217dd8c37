import Dispatch
import Synchronization

/// Commits checkpoints behind the training, one after the other, in the order in which they were submitted.
package final class CheckpointWriter: Sendable {
  private struct Outcome {
    var failure: CheckpointError?
    var lastCommitted: String?
  }

  private let store: CheckpointStore
  private let queue = DispatchQueue(label: "cnn-dist.checkpoints")
  // One checkpoint being written and one waiting: more would only fill the memory.
  private let room = DispatchSemaphore(value: 2)
  private let outcome = Mutex(Outcome())

  /// A writer into `store`.
  ///
  /// - Parameter beforeCommit: run when a checkpoint is written but not yet committed; the ledger is synchronized here,
  ///   so that no checkpoint is ahead of it.
  package init(store: CheckpointStore, beforeCommit: @escaping @Sendable () throws -> Void = {}) {
    var store = store
    store.beforeCommit = beforeCommit
    self.store = store
  }

  /// Hands over a snapshot to be committed, see `CheckpointStore.commit`. Waits only while one is being written and
  /// another one is waiting.
  package func submit(_ contents: CheckpointContents, keep: Int, best: Bool) {
    room.wait()
    queue.async { [self] in
      do throws(CheckpointError) {
        let path = try store.commit(contents, keep: keep, best: best)
        outcome.withLock { $0.lastCommitted = path }
      } catch {
        outcome.withLock { $0.failure = $0.failure ?? error }
      }
      room.signal()
    }
  }

  /// Reports the first failure since the last report, if there is one.
  package func poll() throws(CheckpointError) {
    let failure = outcome.withLock { outcome in
      defer { outcome.failure = nil }
      return outcome.failure
    }
    if let failure { throw failure }
  }

  /// The path of the checkpoint committed last by this writer.
  package var lastCommitted: String? { outcome.withLock { $0.lastCommitted } }

  /// Waits until all that was submitted is committed, and reports as `poll` does.
  package func drain() throws(CheckpointError) {
    queue.sync {}
    try poll()
  }
}
