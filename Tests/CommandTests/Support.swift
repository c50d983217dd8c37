import Foundation
import TestSupport
import Testing

/// A folder that exists while a test runs, and the program in it.
struct Workplace {
  let path: String

  /// Settings of a run that takes a second: 8 micro-batches a step, sample counts that no batch divides.
  static let tiny = [
    "data.train-count=301", "data.test-count=83", "train.steps=12", "train.global-batch=32", "train.micro-batch=4",
    "lanes=1",
  ]

  /// Runs `body` with a new workplace and removes it.
  static func run(_ body: (Workplace) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("command-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(Workplace(path: url.path))
  }

  /// The words of `--set` for some settings.
  static func sets(_ settings: [String]) -> [String] { settings.flatMap { ["--set", $0] } }

  /// Runs `cnn-dist`, alone or on so many ranks.
  func cnnDist(_ arguments: [String], ranks: Int? = nil, deadline: Int = 60) throws -> Programs.Outcome {
    try Programs.run(try command(arguments, ranks: ranks), in: path, deadline: deadline)
  }

  /// Starts `cnn-dist`.
  func start(_ arguments: [String], ranks: Int? = nil) throws -> RunningProgram {
    try RunningProgram(try command(arguments, ranks: ranks), in: path)
  }

  /// A tiny training run; returns its outcome.
  func train(
    _ run: String, _ settings: [String] = [], ranks: Int? = nil, options: [String] = []
  ) throws -> Programs.Outcome {
    try cnnDist(["train", "--run-dir", run] + options + Self.sets(Self.tiny + settings), ranks: ranks)
  }

  /// A tiny training run that must succeed; returns the hash of its weights.
  func hash(
    _ run: String, _ settings: [String] = [], ranks: Int? = nil, options: [String] = []
  ) throws -> String {
    let outcome = try train(run, settings, ranks: ranks, options: options)
    try #require(outcome.status == 0, "\(run): \(outcome.everything)")
    return String(outcome.lastLine.split(separator: " ").last ?? "")
  }

  private func command(_ arguments: [String], ranks: Int?) throws -> [String] {
    let program = [try Programs.path(of: "cnn-dist")] + arguments
    return ranks.map { Programs.mpirun(ranks: $0, program) } ?? program
  }

  /// Writes a file, with the folders on the way to it.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let url = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return name
  }

  /// Writes a text file.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

  /// The text of a file.
  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)), as: UTF8.self)
  }

  /// Whether a file or folder exists.
  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
}

/// Checks that the program refused its input: exit code 2, one sentence that holds all `words`, and no trace.
func expectRefusal(
  _ outcome: Programs.Outcome, _ words: [String], sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(outcome.status == 2, "\(outcome.everything)", sourceLocation: sourceLocation)
  for word in words {
    #expect(outcome.errors.contains(word), "no '\(word)' in: \(outcome.everything)", sourceLocation: sourceLocation)
  }
  let own = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("cnn-dist:") }
  #expect(own.count == 1, "\(own.count) sentences: \(outcome.everything)", sourceLocation: sourceLocation)
  for trace in ["Fatal error", "Stack dump", "Thread 0", "*** Signal"] {
    #expect(!outcome.everything.contains(trace), "\(outcome.everything)", sourceLocation: sourceLocation)
  }
}
