import Checkpoints
import Collectives
import Foundation
import Interchange
import TestSupport
import Testing
import Training

/// A folder of little runs that the product itself has made.
struct LittleRuns {
  /// The folder.
  let path: String

  /// Settings of a run that takes about a second: 4 micro-batches a step, epochs that end within a step.
  static let settings = [
    "model=mlp", "data.train-count=101", "data.test-count=20", "train.steps=24", "train.global-batch=16",
    "train.micro-batch=4", "lanes=1", "checkpoint.every-steps=8", "checkpoint.every-epochs=null", "checkpoint.keep=99",
    "evaluate.every-epochs=null",
  ]

  /// Runs `body` with a new folder and removes it.
  static func run(_ body: (LittleRuns) throws -> Void) throws {
    _ = prepared
    let url = FileManager.default.temporaryDirectory.appending(path: "little-runs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(LittleRuns(path: url.path))
  }

  /// The path of a run.
  func of(_ name: String) -> String { path + "/" + name }

  /// Trains a run, or takes it up again at a checkpoint.
  func train(_ name: String, _ more: [String] = [], ranks: Int = 1, resume: String? = nil) throws {
    let request = TrainRequest(overrides: Self.settings + more, runDirectory: of(name), resume: resume)
    try ThreadCluster.run(ranks: ranks, deadline: .seconds(120)) { communicator in
      try Trainer(
        request, communicator: communicator, coresPerRank: 1, signals: StopSignals(), console: Console(isSilent: true)
      ).run()
    }
  }

  /// A copy of a run, in the place of a former one.
  func copy(_ name: String, to copy: String) throws {
    try? FileManager.default.removeItem(atPath: of(copy))
    try FileManager.default.copyItem(atPath: of(name), toPath: of(copy))
  }

  /// Changes the lines of a run's ledger.
  func edit(_ name: String, _ change: (inout [String]) -> Void) throws {
    let path = RunDirectory(of(name)).ledger
    var lines = try text(path).split(separator: "\n").map(String.init)
    change(&lines)
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
  }

  /// The text of a file.
  func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
  }

  /// The path of a checkpoint.
  func checkpoint(_ name: String, _ step: Int) -> String {
    RunDirectory(of(name)).checkpoints + "/step-" + String(format: "%07d", step)
  }

  /// Changes a checkpoint so that it is whole all the same, as a core that miscomputes would.
  func rewrite(_ name: String, _ step: Int, _ change: (inout CheckpointContents) -> Void) throws {
    var contents = try CheckpointStore.load(checkpoint(name, step))
    change(&contents)
    contents.state.weightsSHA256 = WeightsHash.sha256(contents.model)
    try CheckpointStore(directory: RunDirectory(of(name)).checkpoints).commit(contents, keep: 99, best: false)
  }
}

extension [NamedTensor] {
  /// Flips a bit of an element, by default the lowest.
  mutating func flip(_ name: String, _ index: Int, bit: UInt32 = 0) throws {
    let place = try #require(firstIndex { $0.name == name })
    guard case .float32(var values) = self[place].elements else { return }
    values[index] = Float(bitPattern: values[index].bitPattern ^ 1 << bit)
    self[place].elements = .float32(values)
  }
}
