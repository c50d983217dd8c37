import Checkpoints
import Configuration
import Foundation
import Interchange
import Network
import StrictYAML

/// Where a resumed run finds its directory and its checkpoint.
struct ResumeTarget {
  private enum Choice {
    case latest
    case newestSound
    case named(String)
    case path(String)
  }

  /// Where the run writes.
  let directory: RunDirectory
  private let choice: Choice

  /// The target of a request; nil where a new run is to be started.
  init?(_ request: TrainRequest, runsFolder: String) throws {
    guard let resume = request.resume else { return nil }
    if resume == "auto" {
      guard let path = request.runDirectory else {
        throw RunError(.unusable, "--resume auto needs --run-dir DIR: the directory in which the run starts or goes on")
      }
      if try Self.isUnused(path) { return nil }
      (directory, choice) = (RunDirectory(path), .newestSound)
    } else if resume.contains("/") {
      let place = Disk.parent(of: resume)
      let isUsual = Disk.lastComponent(of: place) == "checkpoints"
      directory = RunDirectory(request.runDirectory ?? (isUsual ? Disk.parent(of: place) : place))
      choice = .path(resume)
      guard Disk.isDirectory(directory.path) else { throw Self.missing(directory.path) }
    } else {
      directory = try Self.directory(request.runDirectory, runsFolder)
      choice = resume == "latest" ? .latest : .named(resume)
    }
  }

  /// Whether nothing was begun in a directory.
  private static func isUnused(_ path: String) throws -> Bool {
    guard Disk.isDirectory(path) else {
      guard Disk.kind(of: path) == .missing else {
        throw RunError(.unusable, "\(path) cannot be a run directory, a file is in the way; choose another --run-dir")
      }
      return true
    }
    return try Disk.names(in: path).isEmpty || RunDirectory(path).isUnborn
  }

  private static func directory(_ path: String?, _ runsFolder: String) throws -> RunDirectory {
    if let path {
      guard Disk.isDirectory(path) else { throw missing(path) }
      return RunDirectory(path)
    }
    guard let newest = RunDirectory.newest(under: runsFolder) else {
      throw RunError(
        .unusable, "--resume: no run with a checkpoint lies under \(runsFolder)/; name one with --run-dir DIR")
    }
    return newest
  }

  private static func missing(_ path: String) -> RunError {
    RunError(
      .unusable,
      "--resume: there is no run directory '\(path)'; check --run-dir, or start the run without --resume or with "
        + "--resume auto")
  }

  /// Whether the directory holds a run, or a checkpoint was named that lies elsewhere.
  var holdsRun: Bool {
    if case .path = choice { return true }
    return Disk.kind(of: directory.configuration) != .missing
      || !CheckpointStore(directory: directory.checkpoints).list().isEmpty
  }

  /// The checkpoint to continue from; nil if the run has none.
  ///
  /// `auto` is for jobs that nobody watches: it takes the next older one where the last is damaged.
  func checkpoint() throws -> FoundCheckpoint? {
    let store = CheckpointStore(directory: directory.checkpoints)
    switch choice {
    case .newestSound: return try store.newestSound(foreignness: foreignness())
    case .latest: return try store.latest().map { try Self.load($0.path) }
    case .path(let path): return try Self.load(path)
    case .named(let name): return try Self.load(Self.path(of: name, in: store))
    }
  }

  private static func load(_ path: String) throws -> FoundCheckpoint {
    FoundCheckpoint(path: path, contents: try CheckpointStore.load(path))
  }

  /// What makes a checkpoint another run's than the one whose identity the directory records.
  private func foreignness() -> (RunIdentity) -> String? {
    let recorded = try? RunIdentity.read(directory.identity)
    return { saved in recorded.flatMap { ContinuationRules.obstacle(from: saved, to: $0) } }
  }

  private static func path(of name: String, in store: CheckpointStore) throws -> String {
    let path = "\(store.directory)/\(name)"
    guard FileManager.default.fileExists(atPath: path) else {
      let known = store.list().map(\.name)
      let hint = known.isEmpty ? "there is none" : Suggestion.phrase(for: name, among: known + ["latest", "best"])
      throw RunError(.unusable, "--resume \(name): \(store.directory) has no such checkpoint; \(hint)")
    }
    return path
  }
}

extension FoundCheckpoint {
  /// What was passed over and why, a sentence each.
  var notices: [String] {
    passedOver.map {
      "checkpoint \($0.name) is passed over (\($0.finding)): the run goes on after step \(contents.state.step), and "
        + "it is kept beside the others as damaged-\($0.name)"
    }
  }
}

/// What has become of the place that a run's model came from. The run does not need it any more.
enum ModelOrigin {
  /// A sentence if the model file is another one now; nil if it is gone, as it was, or never was a file.
  static func notice(_ choice: ModelChoice) -> String? {
    guard case .inline(let model) = choice, let path = model.origin, path.hasPrefix("/"),
      Disk.kind(of: path) != .missing
    else { return nil }
    let saved = model.network.canonicalText
    let today = (try? ModelLoader.file(path).canonicalText) ?? "no model"
    guard today != saved else { return nil }
    let (before, after) = FirstDifference.lines(saved, today)
    return "the model file \(path) has changed since the run began (from \(before) to \(after)); the checkpoint's own "
      + "model is used"
  }
}
