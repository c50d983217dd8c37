import Foundation
import Operators

/// What a `Prefetcher` shares with its thread. The condition's lock guards every variable; a slot's memory belongs to
/// the thread while the slot is `filling`, and to whoever took it while it is `ready`.
final class PrefetchQueue: @unchecked Sendable {
  private enum State {
    case free
    case filling
    case ready(PreparedMicroBatch)
  }

  private final class Slot {
    let memory: PrefetchSlot
    var state = State.free

    init(memory: consuming PrefetchSlot) { self.memory = memory }
  }

  private let loader: MicroBatchLoader
  private let work: @Sendable (Int) -> Range<Int>?
  private let slots: [Slot]
  private let condition = NSCondition()
  private var loaded = 0
  private var end: Int?
  private var failure: DatasetError?
  private var busySeconds = 0.0
  private var isStopping = false
  private var isFinished = false

  init(loader: MicroBatchLoader, samples: Int, slots: Int, work: @escaping @Sendable (Int) -> Range<Int>?) {
    precondition(samples >= 1 && slots >= 1, "a prefetcher needs samples and slots")
    self.loader = loader
    self.work = work
    self.slots = (0..<slots).map { _ in
      Slot(memory: PrefetchSlot(samples: samples, features: loader.source.shape.count))
    }
  }

  // MARK: The thread

  /// The thread's whole life: fills free slots with the work items in their order.
  func run() {
    while let slot = waitForSlot() {
      guard let positions = work(loaded) else { break }
      do {
        let loaded = try slot.memory.fill(positions, from: loader)
        publish(slot, positions, loaded)
      } catch {
        locked { failure = error }
        break
      }
    }
    locked {
      end = loaded
      isFinished = true
      condition.broadcast()
    }
  }

  /// Waits for a free slot and marks it as filling; nil when it is time to stop.
  private func waitForSlot() -> Slot? {
    locked {
      while true {
        if isStopping { return nil }
        if let slot = slots.first(where: { if case .free = $0.state { true } else { false } }) {
          slot.state = .filling
          return slot
        }
        condition.wait()
      }
    }
  }

  private func publish(_ slot: Slot, _ positions: Range<Int>, _ samples: LoadedSamples) {
    let seconds = Self.threadSeconds
    locked {
      busySeconds = seconds
      slot.state = .ready(
        PreparedMicroBatch(index: loaded, positions: positions, samples: samples, slot: slot.memory))
      loaded += 1
      condition.broadcast()
    }
  }

  /// The processor time of the calling thread.
  private static var threadSeconds: Double {
    var time = timespec()
    // It cannot fail for the calling thread.
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  // MARK: Any thread

  /// The processor time that the thread has used for what is loaded.
  var secondsLoading: Double { locked { busySeconds } }

  /// Waits for work item `index`.
  func take(_ index: Int) throws(DatasetError) -> PreparedMicroBatch {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if isStopping { throw DatasetError("micro-batch \(index) was asked for after the loading had been stopped") }
      if let ready = slots.firstNonNil({ batch(in: $0, index) }) { return ready }
      precondition(index >= loaded, "work item \(index) was taken after its release")
      if isFinished { throw failure ?? DatasetError("micro-batch \(index) was asked for, but there are \(loaded)") }
      condition.wait()
    }
  }

  private func batch(in slot: Slot, _ index: Int) -> PreparedMicroBatch? {
    if case .ready(let batch) = slot.state, batch.index == index { batch } else { nil }
  }

  /// Frees the slot of work item `index`, if it has one.
  func release(_ index: Int) {
    locked {
      slots.first { batch(in: $0, index) != nil }?.state = .free
      condition.broadcast()
    }
  }

  /// Tells the thread to end, and waits until it has.
  func stop() {
    locked {
      isStopping = true
      condition.broadcast()
      while !isFinished { condition.wait() }
    }
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    condition.lock()
    defer { condition.unlock() }
    return body()
  }
}

extension Array {
  /// The first result that is not nil.
  fileprivate func firstNonNil<Result>(_ transform: (Element) -> Result?) -> Result? {
    for element in self {
      if let result = transform(element) { return result }
    }
    return nil
  }
}
