import Datasets
import Foundation
import Interchange
import StrictYAML

/// What the coordinator finds out before the ranks start: the configuration, the run directory and where to begin.
struct RunPlan {
  /// The configuration with all overrides.
  let configuration: RunConfiguration
  /// Where the run writes.
  let directory: RunDirectory
  /// The checkpoint to continue from; nil for a start at step 0.
  let checkpoint: (path: String, contents: CheckpointContents)?
  /// Sentences for the user: what changed since the checkpoint, and the like.
  let notices: [String]

  /// Reads configuration and checkpoint; creates nothing.
  ///
  /// - Throws: `RunError` with code `unusable`.
  init(_ request: TrainRequest, runsFolder: String = "runs") throws(RunError) {
    do {
      self = try RunPlan(resolving: request, runsFolder: runsFolder)
    } catch {
      throw RunError.unusable(error)
    }
  }

  private init(resolving request: TrainRequest, runsFolder: String) throws {
    guard let resume = request.resume else {
      configuration = try Configurations.read(path: request.configuration, overrides: request.overrides)
      directory = RunDirectory(
        request.runDirectory ?? RunDirectory.nextFree(under: runsFolder, stem: configuration.runStem))
      checkpoint = nil
      notices = []
      return
    }
    let target = try ResumeTarget(resume, runDirectory: request.runDirectory, runsFolder: runsFolder)
    directory = target.directory
    guard let path = target.checkpoint else {
      configuration = try Configurations.read(
        path: request.configuration ?? target.savedConfiguration, overrides: request.overrides)
      checkpoint = nil
      notices = ["\(directory.path) holds no checkpoint yet: the run starts at step 0"]
      return
    }
    let contents = try CheckpointStore.load(path)
    checkpoint = (path, contents)
    let saved = try Configurations.parse(contents.state.configuration, source: "\(path)/state.json")
    if let file = request.configuration {
      configuration = try Configurations.read(path: file, overrides: request.overrides)
    } else {
      configuration = try Configurations.parse(
        contents.state.configuration, source: "\(path)/state.json", overrides: request.overrides)
    }
    notices = try ResumeRules.notices(from: saved, to: configuration, checkpoint: path)
  }
}

/// Where a resumed run finds its checkpoint.
private struct ResumeTarget {
  /// Where the run writes.
  let directory: RunDirectory
  let checkpoint: String?

  init(_ resume: String, runDirectory: String?, runsFolder: String) throws {
    if resume.contains("/") {
      checkpoint = resume
      let url = URL(fileURLWithPath: resume).deletingLastPathComponent()
      directory = RunDirectory(
        runDirectory ?? (url.lastPathComponent == "checkpoints" ? url.deletingLastPathComponent().path : url.path))
      return
    }
    if let runDirectory {
      directory = try Self.existing(runDirectory)
    } else if let newest = RunDirectory.newest(under: runsFolder) {
      directory = newest
    } else {
      throw RunError(
        .unusable, "--resume: no run with a checkpoint lies under \(runsFolder)/; name one with --run-dir DIR")
    }
    let store = CheckpointStore(directory: directory.checkpoints)
    if resume == "latest" {
      checkpoint = try store.latest()?.path
    } else {
      checkpoint = try Self.named(resume, in: store)
    }
  }

  private static func existing(_ path: String) throws -> RunDirectory {
    guard Disk.kind(of: path) != .missing else {
      throw RunError(
        .unusable, "--resume: there is no run directory '\(path)'; check --run-dir, or start the run without --resume")
    }
    return RunDirectory(path)
  }

  private static func named(_ name: String, in store: CheckpointStore) throws -> String {
    let path = "\(store.directory)/\(name)"
    guard FileManager.default.fileExists(atPath: path) else {
      let known = store.list().map(\.name)
      let hint = known.isEmpty ? "there is none" : Suggestion.phrase(for: name, among: known + ["latest", "best"])
      throw RunError(.unusable, "--resume \(name): \(store.directory) has no such checkpoint; \(hint)")
    }
    return path
  }

  /// The configuration of a run that died before its first checkpoint.
  var savedConfiguration: String? {
    FileManager.default.fileExists(atPath: directory.configuration) ? directory.configuration : nil
  }
}

extension RunConfiguration {
  /// The stem of a new run directory's name.
  fileprivate var runStem: String {
    let model =
      switch model {
      case .zoo(let name): name
      case .file(let path): URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      }
    return "\(model)-\(data.format.rawValue)"
  }
}
