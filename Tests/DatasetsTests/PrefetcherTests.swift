import Datasets
import Synchronization
import Testing

@Suite("loading ahead", .timeLimit(.minutes(4)))
struct PrefetcherTests {
  private func loader(broken: Int? = nil, ordered: Bool = true) -> MicroBatchLoader {
    MicroBatchLoader(
      source: PatternSource(count: 13, broken: broken), order: ordered ? SampleOrder(count: 13, seed: 1) : nil,
      augmentations: [.horizontalFlip], normalization: .identity(channels: 2), seed: 1)
  }

  private func expectEqual(_ batch: PreparedMicroBatch, _ loaded: Loaded) {
    unsafe #expect(Array(batch.images) == loaded.images)
    unsafe #expect(Array(batch.labels) == loaded.labels)
    unsafe #expect(Array(batch.ids) == loaded.ids)
  }

  @Test
  func `items come in their order, equal to what is loaded directly, in aligned memory`() throws {
    let prefetcher = Prefetcher(loader: loader(), samples: 4, slots: 2) { $0 < 20 ? $0 * 4..<$0 * 4 + 4 : nil }
    for item in 0..<20 {
      let batch = try prefetcher.take(item)
      #expect(batch.index == item && batch.count == 4)
      unsafe #expect(Int(bitPattern: batch.images.baseAddress) % 64 == 0)
      expectEqual(batch, try loader().loaded(item * 4..<item * 4 + 4))
      prefetcher.release(item)
    }
    expectError(["micro-batch 20", "there are 20"]) { () throws(DatasetError) in _ = try prefetcher.take(20) }
  }

  @Test
  func `a short item leaves zeros in the rest of its slot`() throws {
    let prefetcher = Prefetcher(loader: loader(ordered: false), samples: 4, slots: 1) { $0 * 4..<$0 * 4 + 4 }
    for item in 0..<3 {
      _ = try prefetcher.take(item)
      prefetcher.release(item)
    }
    let last = try prefetcher.take(3)
    #expect(last.count == 1)
    unsafe #expect(last.images.count == 96 && last.images[24...].allSatisfy { $0 == 0 })
  }

  @Test(arguments: [2, 3, 5])
  func `lanes take their items in any interleaving without waiting for each other`(count lanes: Int) {
    let items = lanes * 40
    let prefetcher = Prefetcher(loader: loader(), samples: 4, slots: lanes + 1) {
      $0 < items ? $0 * 4..<$0 * 4 + 4 : nil
    }
    let right = Tally()
    onThreads(lanes) { lane in
      // Who takes which item of a turn changes from turn to turn.
      for turn in 0..<40 {
        let item = turn * lanes + (lane + turn) % lanes
        guard let batch = try? prefetcher.take(item), let expected = try? loader().loaded(batch.positions) else {
          return
        }
        let isRight = unsafe Array(batch.images) == expected.images
        prefetcher.release(item)
        if isRight { right.add() }
      }
    }
    #expect(right.count == items)
  }

  @Test
  func `items held at the same time can be taken in descending order`() throws {
    let prefetcher = Prefetcher(loader: loader(), samples: 4, slots: 3) { $0 * 4..<$0 * 4 + 4 }
    for item in [2, 1, 0] { expectEqual(try prefetcher.take(item), try loader().loaded(item * 4..<item * 4 + 4)) }
    for item in 0..<3 { prefetcher.release(item) }
    expectEqual(try prefetcher.take(3), try loader().loaded(12..<16))
  }

  @Test
  func `an error arrives at the item that has it, and at all after it`() throws {
    let broken = SampleOrder(count: 13, seed: 1).sample(at: 9).index
    let prefetcher = Prefetcher(loader: loader(broken: broken), samples: 4, slots: 3) { $0 * 4..<$0 * 4 + 4 }
    for item in 0..<2 {
      _ = try prefetcher.take(item)
      prefetcher.release(item)
    }
    for item in [2, 2, 5] {
      expectError(["pattern \(broken): broken"]) { () throws(DatasetError) in _ = try prefetcher.take(item) }
    }
  }

  @Test
  func `stop ends the thread, also with full slots, twice, and before the end of the object`() throws {
    let prefetcher = Prefetcher(loader: loader(), samples: 4, slots: 2) { $0 * 4..<$0 * 4 + 4 }
    let batch = try prefetcher.take(0)
    prefetcher.stop()
    prefetcher.stop()
    expectEqual(batch, try loader().loaded(0..<4))
    expectError(["stopped"]) { () throws(DatasetError) in _ = try prefetcher.take(1) }
    for _ in 0..<20 { _ = Prefetcher(loader: loader(), samples: 4, slots: 2) { $0 * 4..<$0 * 4 + 4 } }
  }

  @Test
  func `a thread that waits for an item is woken by stop`() {
    let prefetcher = Prefetcher(loader: loader(), samples: 4, slots: 1) { $0 * 4..<$0 * 4 + 4 }
    _ = try? prefetcher.take(0)
    let woken = Tally()
    onThreads(2) { part in
      if part == 0 {
        expectError(["stopped"]) { () throws(DatasetError) in _ = try prefetcher.take(1) }
        woken.add()
      } else {
        prefetcher.stop()
      }
    }
    #expect(woken.count == 1)
  }
}

/// A count that threads share.
private final class Tally: Sendable {
  private let value = Mutex(0)

  var count: Int { value.withLock { $0 } }

  func add() { value.withLock { $0 += 1 } }
}
