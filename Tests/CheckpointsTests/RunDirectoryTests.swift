import Checkpoints
import Foundation
import Interchange
import TestSupport
import Testing

@Suite struct RunDirectoryTests {
  @Test func `a run has its layout`() throws {
    try withTemporaryDirectory { root in
      let run = try RunDirectory.create(at: Disk.join(root, "runs/lenet5-digits-001"))
      #expect(try Disk.names(in: run.path) == ["checkpoints", "ranks"])
      #expect(run.log(ofRank: 7) == "\(run.path)/ranks/0007.log")
      #expect(run.summary == "\(run.path)/summary.json")
      #expect(run.configuration == "\(run.path)/config.yaml")
      #expect(run.metrics == "\(run.path)/metrics.jsonl")
      #expect(run.ledger == "\(run.path)/ledger.jsonl")
    }
  }

  @Test func `a run is not overwritten`() throws {
    try withTemporaryDirectory { root in
      let path = Disk.join(root, "x")
      _ = try RunDirectory.create(at: path)
      let error = #expect(throws: CheckpointError.self) { try RunDirectory.create(at: path) }
      #expect(
        error?.message
          == "\(path) already holds a run; continue it with --resume or choose another --run-dir")
    }
  }

  @Test func `what is in the way is named`() throws {
    try withTemporaryDirectory { root in
      let path = Disk.join(root, "file")
      try Disk.write([1], to: path)
      for path in [path, Disk.join(path, "below")] {
        let error = #expect(throws: CheckpointError.self) { try RunDirectory.create(at: path) }
        #expect(error?.message == "\(path) cannot be a run directory, a file is in the way; choose another --run-dir")
      }
    }
  }

  @Test func `a place that cannot be written is named`() {
    let error = #expect(throws: CheckpointError.self) { try RunDirectory.create(at: "/proc/cnn-dist") }
    #expect(error?.message.contains("/proc/cnn-dist") == true)
  }

  @Test func `the next free name counts on`() throws {
    try withTemporaryDirectory { root in
      #expect(RunDirectory.nextFree(under: Disk.join(root, "no"), stem: "a-b") == "\(root)/no/a-b-001")
      for name in ["a-b-001", "a-b-003", "a-b-x", "a-b-99999999999999999999", "a-007", "c-b-009"] {
        try Disk.makeDirectory(Disk.join(root, name))
      }
      #expect(RunDirectory.nextFree(under: root, stem: "a-b") == "\(root)/a-b-004")
      #expect(RunDirectory.nextFree(under: root, stem: "a") == "\(root)/a-008")
      try Disk.makeDirectory(Disk.join(root, "a-b-999"))
      #expect(RunDirectory.nextFree(under: root, stem: "a-b") == "\(root)/a-b-1000")
    }
  }

  @Test func `the newest run is the one with the youngest checkpoint`() throws {
    try withTemporaryDirectory { root in
      #expect(RunDirectory.newest(under: root) == nil)
      for (name, age) in [("a", 100.0), ("b", 50.0), ("c", 200.0)] {
        let run = try RunDirectory.create(at: Disk.join(root, name))
        let path = try CheckpointStore(directory: run.checkpoints).commit(contents(step: 1), keep: 1, best: false)
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: 1e9 - age)], ofItemAtPath: Disk.join(path, "manifest.json"))
      }
      _ = try RunDirectory.create(at: Disk.join(root, "d"))
      #expect(RunDirectory.newest(under: root) == RunDirectory(Disk.join(root, "b")))
    }
  }

  @Test func `the summary has all its keys`() throws {
    try withTemporaryDirectory { root in
      let path = Disk.join(root, "summary.json")
      let summary = RunSummary(
        steps: 391, epochs: 1.5, trainLoss: 0.25, testLoss: nil, testAccuracy: nil, samplesEvaluated: nil,
        imagesPerSecond: 1000, wallSeconds: 2.5, workers: 2, lanes: 1, kernels: "Haswell",
        checkpoint: "checkpoints/step-0000391", weightsSHA256: "ab")
      try summary.write(to: path)
      #expect(try RunSummary.read(path) == summary)
      let object = try JSONSerialization.jsonObject(with: Data(try Disk.read(path))) as? [String: Any]
      #expect(
        object?.keys.sorted() == [
          "checkpoint", "ema-test-accuracy", "ema-test-loss", "epochs", "images-per-second", "kernels", "lanes",
          "samples-evaluated", "steps",
          "test-accuracy", "test-loss", "train-loss", "wall-seconds", "weights-sha256", "workers",
        ])
      #expect(try Disk.names(in: root) == ["summary.json"])
    }
  }
}
