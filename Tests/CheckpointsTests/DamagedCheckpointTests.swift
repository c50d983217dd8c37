import Checkpoints
import Foundation
import Interchange
import Randomness
import TestSupport
import Testing

@Suite struct DamagedCheckpointTests {
  private static let files = ["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"]

  /// Runs `body` with a store that holds the steps 200 and 391, and the directory of the latter.
  private func withTwoCheckpoints(_ body: (CheckpointStore, String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: Disk.join(directory, "checkpoints"))
      try store.commit(contents(step: 200), keep: 3, best: false)
      try body(store, try store.commit(contents(step: 391), keep: 3, best: false))
    }
  }

  /// Checks that the checkpoint at `path` loads unchanged or is refused with a sentence that names it.
  private func expectSoundOrRefused(_ path: String, _ what: String) {
    do throws(CheckpointError) {
      #expect(try CheckpointStore.load(path) == contents(step: 391), "\(what)")
    } catch {
      #expect(error.message.contains(path), "\(what)")
    }
  }

  @Test func `every truncation is refused or harmless`() throws {
    try withTwoCheckpoints { _, path in
      for name in Self.files {
        let file = Disk.join(path, name)
        let bytes = try Disk.read(file)
        for length in 0..<bytes.count {
          try Disk.replace(file, with: Array(bytes.prefix(length)))
          if name == "manifest.json" {
            expectSoundOrRefused(path, "\(name) cut to \(length)")
          } else {
            #expect(throws: CheckpointError.self) { try CheckpointStore.load(path) }
          }
        }
        try Disk.replace(file, with: bytes)
      }
      #expect(try CheckpointStore.load(path) == contents(step: 391))
    }
  }

  @Test func `a thousand flipped bits are refused or harmless`() throws {
    try withTwoCheckpoints { _, path in
      var random = RandomStream(seed: 7, purpose: .testing)
      for _ in 0..<1000 {
        let name = Self.files[random.integer(below: Self.files.count)]
        let file = Disk.join(path, name)
        let bytes = try Disk.read(file)
        let bit = random.integer(below: bytes.count * 8)
        var flipped = bytes
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        try Disk.replace(file, with: flipped)
        expectSoundOrRefused(path, "\(name) with bit \(bit) flipped")
        try Disk.replace(file, with: bytes)
      }
    }
  }

  @Test func `the message names the file and the one before`() throws {
    try withTwoCheckpoints { store, path in
      let file = Disk.join(path, "model.safetensors")
      var bytes = try Disk.read(file)
      bytes[bytes.count - 1] ^= 1
      try Disk.replace(file, with: bytes)
      let message = #expect(throws: CheckpointError.self) { try CheckpointStore.load(path) }?.message ?? ""
      #expect(message.hasPrefix("checkpoint \(path) is damaged: model.safetensors has SHA-256 "))
      #expect(message.contains(" where its manifest says "))
      #expect(message.hasSuffix("; the one before it is step-0000200: resume with --resume step-0000200"))
      let first = Disk.join(store.directory, "step-0000200")
      try Disk.remove(Disk.join(first, "state.json"))
      let last = #expect(throws: CheckpointError.self) { try CheckpointStore.load(path) }?.message ?? ""
      #expect(last.hasSuffix("there is no sound one before it: start the run again"))
      #expect(
        #expect(throws: CheckpointError.self) { try CheckpointStore.load(first) }?.message.contains(
          "state.json is missing") == true)
    }
  }

  @Test(arguments: [
    (#"{"format": 2, "files": []}"#, "has the format 2"),
    (#"{"format": 1, "files": []}"#, "lists state.json 0 times"),
    (#"{"format": 1, "files": [{"name": "../../x", "size": 1, "sha256": ""}]}"#, "names the file '../../x'"),
    (#"{"format": 1, "files": [{"name": "/etc/passwd", "size": 1, "sha256": ""}]}"#, "names the file '/etc/passwd'"),
    (#"{"format": 1, "files": [{"name": "state.json", "size": -1, "sha256": ""}]}"#, "where its manifest says -1"),
    ("[1]", "manifest.json is no JSON object"), ("", "manifest.json is cut off or is no JSON"),
  ])
  func `hostile manifests are refused`(manifest: String, finding: String) throws {
    try withTwoCheckpoints { _, path in
      try Disk.replace(Disk.join(path, "manifest.json"), with: Array(manifest.utf8))
      let message = #expect(throws: CheckpointError.self) { try CheckpointStore.load(path) }?.message ?? ""
      #expect(message.contains(finding), "\(message)")
    }
  }

  @Test func `foreign paths are refused`() throws {
    try withTwoCheckpoints { store, path in
      let expectations = [
        (store.directory, "is not a cnn-dist checkpoint: it has no manifest.json"),
        (Disk.join(path, "state.json"), "is not a cnn-dist checkpoint: it is no directory"),
        (Disk.join(store.directory, "circle"), "its links lead in a circle"),
        (
          Disk.join(store.directory, "step-0000001"),
          "there is no checkpoint \(store.directory)/step-0000001; there are step-0000200, step-0000391"
        ),
      ]
      try Disk.link(Disk.join(store.directory, "circle"), to: "circle")
      for (path, finding) in expectations {
        let message = #expect(throws: CheckpointError.self) { try CheckpointStore.load(path) }?.message ?? ""
        #expect(message.contains(finding), "\(message)")
      }
    }
  }
}
