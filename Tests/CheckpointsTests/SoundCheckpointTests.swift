import Checkpoints
import Foundation
import Interchange
import Randomness
import TestSupport
import Testing

/// How a checkpoint comes to harm.
private enum Harm: CaseIterable, Sendable {
  case flip, tear, loseFile, loseManifest

  /// Does it to a file of the checkpoint at `path`, drawn by chance.
  func befall(_ path: String, _ random: inout RandomStream) throws {
    let parts = ["model.safetensors", "optimizer.safetensors", "state.json"]
    let file = Disk.join(path, self == .loseManifest ? "manifest.json" : parts[random.integer(below: parts.count)])
    var bytes = try Disk.read(file)
    let index = random.integer(below: bytes.count)
    switch self {
    case .flip:
      bytes[index] ^= 1 << UInt8(random.integer(below: 8))
      try Disk.replace(file, with: bytes)
    case .tear: try Disk.replace(file, with: Array(bytes.prefix(index)))
    case .loseFile, .loseManifest: try Disk.remove(file)
    }
  }
}

@Suite struct SoundCheckpointTests {
  /// Runs `body` with a store that holds the steps 1 to 4.
  private func withStore(_ body: (CheckpointStore) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: Disk.join(directory, "checkpoints"))
      for step in 1...4 { try store.commit(contents(step: step), keep: 9, best: step == 4) }
      try body(store)
    }
  }

  private func place(_ store: CheckpointStore, _ step: Int) -> String { place(store, "step-000000\(step)") }

  private func place(_ store: CheckpointStore, _ name: String) -> String { Disk.join(store.directory, name) }

  @Test(arguments: 0..<40) func `the newest sound checkpoint is found, and nothing is changed`(seed: Int) throws {
    try withStore { store throws in
      var random = RandomStream(seed: UInt64(seed), purpose: .testing)
      let count = random.integer(below: 4)
      for step in (5 - count)..<5 {
        try Harm.allCases[random.integer(below: 4)].befall(place(store, step), &random)
      }
      let before = try DiskTree(reading: store.directory)
      let found = try store.newestSound()
      #expect(found?.contents == contents(step: 4 - count))
      #expect(found?.path == place(store, 4 - count))
      #expect(found?.passedOver.map(\.name) == (0..<count).map { "step-000000\(4 - $0)" })
      #expect(try DiskTree(reading: store.directory) == before)
    }
  }

  @Test func `checkpoints after the one committed last are not fallen back to`() throws {
    try withStore { store throws in
      try store.commit(contents(step: 3, seed: 2), keep: 9, best: false)
      #expect(try store.newestSound()?.contents == contents(step: 3, seed: 2))
      try Disk.remove(Disk.join(place(store, 3), "state.json"))
      let found = try store.newestSound()
      #expect(found?.contents == contents(step: 2))
      #expect(found?.passedOver.map(\.finding) == ["state.json is missing"])
    }
  }

  @Test func `where no checkpoint is sound all are named with what is wrong`() throws {
    try withStore { store throws in
      for step in 1...4 { try Disk.remove(Disk.join(place(store, step), "manifest.json")) }
      let message = #expect(throws: CheckpointError.self) { try store.newestSound() }?.message ?? ""
      for step in 1...4 { #expect(message.contains("step-000000\(step): manifest.json is missing"), "\(message)") }
      #expect(message.contains("move them away to begin at step 0"))
    }
    try withTemporaryDirectory { directory throws in
      #expect(try CheckpointStore(directory: directory).newestSound() == nil)
    }
  }

  @Test func `another run's checkpoint is passed over and kept`() throws {
    try withStore { store throws in
      var foreign = contents(step: 4)
      foreign.state.identity.kernels = "of another run"
      try store.commit(foreign, keep: 9, best: false)
      let found = try #require(try store.newestSound { $0.kernels == identity.kernels ? nil : "its kernels differ" })
      #expect(found.contents == contents(step: 3))
      #expect(found.passedOver.map(\.finding) == ["it is another run's: its kernels differ"])
      try store.discard(after: 3, keeping: found.passedOver.map(\.name))
      #expect(try CheckpointStore.load(place(store, "damaged-step-0000004")) == foreign)
      #expect(store.list().map(\.step) == [1, 2, 3])
    }
  }

  @Test(arguments: Harm.allCases) fileprivate func `a damaged one is not discarded with what came after`(
    harm: Harm
  ) throws {
    try withStore { store throws in
      var random = RandomStream(seed: 3, purpose: .testing)
      try harm.befall(place(store, 4), &random)
      let tree = try DiskTree(reading: place(store, 4))
      try store.discard(after: 2)
      #expect(try DiskTree(reading: place(store, "damaged-step-0000004")) == tree)
      #expect(store.names == ["damaged-step-0000004", "latest", "step-0000001", "step-0000002"])
    }
  }

  @Test func `a checkpoint that cannot be read is not taken for damaged`() throws {
    try withStore { store throws in
      let file = Disk.join(place(store, 4), "model.safetensors")
      try Disk.remove(file)
      try Disk.link(file, to: file)
      let message = #expect(throws: CheckpointError.self) { try store.newestSound() }?.message ?? ""
      #expect(message.contains("cannot be read"), "\(message)")
    }
  }

  @Test func `a damaged checkpoint is kept under another name, however often`() throws {
    try withStore { store throws in
      let damaged = place(store, 4)
      for round in 1...3 {
        try Disk.remove(Disk.join(damaged, "state.json"))
        let tree = try DiskTree(reading: damaged)
        try store.discard(after: 3, keeping: ["step-0000004"])
        let kept = Disk.join(store.directory, "damaged-step-0000004" + (round > 1 ? "-\(round)" : ""))
        #expect(try DiskTree(reading: kept) == tree)
        #expect(store.list().map(\.step) == [1, 2, 3])
        #expect(try store.loadLatest() == contents(step: 3))
        try store.commit(contents(step: 4, seed: UInt64(round)), keep: 9, best: false)
        #expect(try store.loadLatest() == contents(step: 4, seed: UInt64(round)))
      }
    }
  }
}
