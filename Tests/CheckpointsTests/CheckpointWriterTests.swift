import Checkpoints
import Dispatch
import Foundation
import Interchange
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(4))) struct CheckpointWriterTests {
  @Test func `commits come in order and the last is told`() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      let writer = CheckpointWriter(store: store)
      #expect(writer.lastCommitted == nil)
      for step in 1...5 { writer.submit(contents(step: step), keep: 3, best: step == 1) }
      try writer.drain()
      #expect(writer.lastCommitted == Disk.join(directory, "step-0000005"))
      #expect(store.list().map(\.step) == [1, 3, 4, 5])
    }
  }

  @Test func `the hook runs before the commit`() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      let seen = Mutex<[Int]>([])
      let writer = CheckpointWriter(store: store) { seen.withLock { $0.append(store.list().count) } }
      for step in 1...3 { writer.submit(contents(step: step), keep: 9, best: false) }
      try writer.drain()
      #expect(seen.withLock(\.self) == [0, 1, 2])
    }
  }

  @Test func `a failure is reported once and the next commit is tried`() throws {
    try withTemporaryDirectory { directory in
      let failing = Mutex(true)
      let writer = CheckpointWriter(store: CheckpointStore(directory: directory)) {
        if failing.withLock(\.self) { throw FileError("synchronized", "ledger.jsonl", code: EIO) }
      }
      writer.submit(contents(step: 1), keep: 1, best: false)
      let error = #expect(throws: CheckpointError.self) { try writer.drain() }
      #expect(error?.message.contains("Input/output error") == true)
      try writer.poll()
      #expect(writer.lastCommitted == nil)
      failing.withLock { $0 = false }
      writer.submit(contents(step: 2), keep: 1, best: false)
      try writer.drain()
      #expect(writer.lastCommitted == Disk.join(directory, "step-0000002"))
    }
  }

  /// One is in work and one waits: both submissions return, the third one waits for the gate.
  @Test func `at most one waits`() async throws {
    try await withTemporaryDirectoryAsync { directory in
      let gate = DispatchSemaphore(value: 0)
      let writer = CheckpointWriter(store: CheckpointStore(directory: directory)) { gate.wait() }
      writer.submit(contents(step: 1), keep: 9, best: false)
      writer.submit(contents(step: 2), keep: 9, best: false)
      let returned = Mutex(false)
      await withCheckedContinuation { third in
        Thread.detachNewThread {
          writer.submit(contents(step: 3), keep: 9, best: false)
          returned.withLock { $0 = true }
          third.resume()
        }
        #expect(returned.withLock { !$0 })
        for _ in 1...3 { gate.signal() }
      }
      try writer.drain()
      #expect(CheckpointStore(directory: directory).list().map(\.step) == [1, 2, 3])
    }
  }
}
