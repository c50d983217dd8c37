import Checkpoints
import Foundation
import Interchange
import TestSupport
import Testing

@Suite struct CheckpointStoreTests {
  private func withStore(_ body: (CheckpointStore) throws -> Void) throws {
    try withTemporaryDirectory { try body(CheckpointStore(directory: Disk.join($0, "run/checkpoints"))) }
  }

  @Test func `what was written is read`() throws {
    try withStore { store throws in
      let path = try store.commit(contents(step: 391), keep: 3, best: false)
      #expect(path == Disk.join(store.directory, "step-0000391"))
      #expect(try CheckpointStore.load(path) == contents(step: 391))
      #expect(try CheckpointStore.load(path + "/") == contents(step: 391))
      #expect(try CheckpointStore.load(Disk.join(store.directory, "latest")) == contents(step: 391))
      #expect(store.names == ["latest", "step-0000391"])
      #expect(
        try Disk.names(in: path)
          == ["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"])
      #expect(try SafeTensors.read(Disk.join(path, "model.safetensors")).inNameOrder == contents(step: 391).model)
    }
  }

  @Test func `numbers that are not finite survive`() throws {
    try withStore { store throws in
      var strange = contents(step: 1)
      strange.state.trainLoss = .infinity
      strange.state.testLoss = -.infinity
      #expect(try CheckpointStore.load(try store.commit(strange, keep: 1, best: false)) == strange)
    }
  }

  @Test func `an empty store has no latest`() throws {
    try withStore { store throws in
      #expect(try store.latest() == nil)
      #expect(store.list().isEmpty)
    }
  }

  @Test func `rotation keeps the newest and the best`() throws {
    try withStore { store throws in
      for step in 1...6 { try store.commit(contents(step: step), keep: 2, best: step == 2) }
      #expect(store.list().map(\.step) == [2, 5, 6])
      #expect(store.names == ["best", "latest", "step-0000002", "step-0000005", "step-0000006"])
      #expect(try CheckpointStore.load(Disk.join(store.directory, "best")).state.step == 2)
      #expect(try store.latest()?.step == 6)
      try store.commit(contents(step: 7), keep: 0, best: true)
      #expect(store.list().map(\.step) == [7])
    }
  }

  @Test func `committing a step again replaces it`() throws {
    try withStore { store throws in
      try store.commit(contents(step: 5), keep: 2, best: false)
      try store.commit(contents(step: 5, seed: 2), keep: 2, best: false)
      #expect(try store.loadLatest() == contents(step: 5, seed: 2))
      #expect(store.names == ["latest", "step-0000005"])
    }
  }

  @Test func `an earlier step is not rotated away by later ones`() throws {
    try withStore { store throws in
      for step in [10, 20, 30] { try store.commit(contents(step: step), keep: 3, best: false) }
      try store.commit(contents(step: 15), keep: 1, best: false)
      #expect(store.list().map(\.step) == [15, 20, 30])
      #expect(try store.latest()?.step == 15)
    }
  }

  @Test func `discard forgets what came after`() throws {
    try withStore { store throws in
      try store.discard(after: 3)
      for step in [10, 20, 30] { try store.commit(contents(step: step), keep: 3, best: step == 30) }
      try store.discard(after: 20)
      #expect(store.names == ["latest", "step-0000010", "step-0000020"])
      #expect(try store.loadLatest() == contents(step: 20))
      try store.discard(after: 9)
      #expect(store.names.isEmpty)
    }
  }

  @Test func `the latest checkpoint is found without its link`() throws {
    try withStore { store throws in
      for step in [1, 2] { try store.commit(contents(step: step), keep: 3, best: false) }
      let link = Disk.join(store.directory, "latest")
      try Disk.remove(link)
      #expect(try store.latest()?.step == 2)
      try Disk.link(link, to: "step-0000009")
      #expect(try store.latest()?.step == 2)
      try Disk.remove(link)
      try Disk.link(link, to: "step-0000001")
      #expect(try store.latest()?.step == 1)
      #expect(try store.latest()?.name == "step-0000001")
    }
  }

  @Test func `strangers in the directory are left alone`() throws {
    try withStore { store throws in
      for name in ["step-12", "step--000001", "step-0000003", "notes"] {
        try Disk.makeDirectories(Disk.join(store.directory, name))
      }
      try Disk.write([1], to: Disk.join(store.directory, "step-0000004"))
      try store.commit(contents(step: 9), keep: 1, best: false)
      #expect(store.list().map(\.step) == [9])
      #expect(
        store.names
          == ["latest", "notes", "step--000001", "step-0000003", "step-0000004", "step-0000009", "step-12"])
    }
  }

  @Test func `required bytes bound the real size`() throws {
    try withStore { store throws in
      for count in [0, 1, 1000] {
        let path = try store.commit(contents(step: 1, count: count), keep: 1, best: false)
        let sizes = try Disk.names(in: path).map { try Disk.read(Disk.join(path, $0)).count }
        #expect(CheckpointStore.requiredBytes(contents(step: 1, count: count)) >= sizes.reduce(0, +))
      }
      #expect(try CheckpointStore.freeBytes(at: store.directory) > 0)
    }
  }
}
