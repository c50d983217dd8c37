import Checkpoints
import Configuration
import Datasets
import Foundation
import Interchange
import Network
import StrictYAML

/// What the command line asks for.
package struct TrainRequest: Sendable {
  /// A configuration file; nil for the built-in one, or for that of the run that is resumed.
  package var configuration: String?
  /// `key=value` pairs of `--set`.
  package var overrides: [String]
  /// The run directory; nil for a new one under `runs`.
  package var runDirectory: String?
  /// "auto", "latest", "best", the name of a checkpoint in the run directory, or a path; nil for a new run.
  package var resume: String?
  /// Faults that are made on purpose.
  package var chaos: ChaosPlan

  /// A request.
  package init(
    configuration: String? = nil, overrides: [String] = [], runDirectory: String? = nil, resume: String? = nil,
    chaos: ChaosPlan = .none
  ) {
    self.chaos = chaos
    self.configuration = configuration
    self.overrides = overrides
    self.runDirectory = runDirectory
    self.resume = resume
  }
}

/// What the coordinator finds out before the ranks start: the configuration, the run directory and where to begin.
struct RunStart {
  /// Where the run writes.
  enum Place {
    /// A new directory that the user has named.
    case new(RunDirectory)
    /// A new directory below a folder, under the next free name with this stem.
    case unnamed(folder: String, stem: String)
    /// A directory that holds a run, and the right to write there.
    case existing(RunDirectory, RunLock)
  }

  /// The configuration with all overrides; that of a checkpoint has the model itself in it.
  let configuration: RunConfiguration
  /// Where the run writes.
  let place: Place
  /// The checkpoint to continue from; nil for a start at step 0.
  let checkpoint: FoundCheckpoint?
  /// Sentences for the user.
  let notices: [String]

  /// Whether the run continues in a directory that it began in.
  var isResumed: Bool {
    if case .existing = place { true } else { false }
  }

  /// Reads configuration and checkpoint. Of a run that exists it takes the lock; it changes nothing else.
  ///
  /// - Throws: `RunError` with code `unusable`.
  init(_ request: TrainRequest, runsFolder: String = "runs") throws(RunError) {
    self = try RunError.asUnusable {
      guard let target = try ResumeTarget(request, runsFolder: runsFolder) else {
        return try RunStart(starting: request, runsFolder: runsFolder)
      }
      return try RunStart(resuming: target, request)
    }
  }

  private init(
    configuration: RunConfiguration, place: Place, checkpoint: FoundCheckpoint? = nil, notices: [String] = []
  ) {
    self.configuration = configuration
    self.place = place
    self.checkpoint = checkpoint
    self.notices = notices
  }

  private init(starting request: TrainRequest, runsFolder: String) throws {
    let configuration = try Configurations.read(path: request.configuration, overrides: request.overrides)
    let place = request.runDirectory.map { Place.new(RunDirectory($0)) }
    self.init(
      configuration: configuration,
      place: place
        ?? .unnamed(folder: runsFolder, stem: "\(configuration.model.name)-\(configuration.data.format.rawValue)"))
  }

  private init(resuming target: ResumeTarget, _ request: TrainRequest) throws {
    let directory = target.directory
    guard target.holdsRun || request.configuration != nil else {
      throw RunError(
        .unusable,
        "--resume: \(directory.path) holds no run, neither a checkpoint nor a config.yaml; check --run-dir, or start a "
          + "run there without --resume")
    }
    // Before anything is read: a run in progress moves on meanwhile.
    let lock = try RunLock(directory.path)
    guard let checkpoint = try target.checkpoint() else {
      // The run died before its first checkpoint and begins again.
      self.init(
        configuration: try Configurations.read(
          path: request.configuration ?? directory.configuration, overrides: request.overrides),
        place: .existing(directory, lock),
        notices: ["\(directory.path) holds no checkpoint yet: the run starts at step 0"])
      return
    }
    let saved = checkpoint.contents.state.identity.configuration
    let configuration =
      if let file = request.configuration {
        try Configurations.read(path: file, overrides: request.overrides)
      } else {
        try Configurations.parse(
          saved.text, source: "\(checkpoint.path)/state.json", overrides: request.overrides)
      }
    self.init(
      configuration: configuration, place: .existing(directory, lock), checkpoint: checkpoint,
      notices: checkpoint.notices + [ModelOrigin.notice(saved.model)].compactMap(\.self))
  }
}

extension RunStart.Place {
  /// Where free space is looked at: the directory, or one that it will lie in.
  var path: String {
    switch self {
    case .new(let directory), .existing(let directory, _): directory.path
    case .unnamed(let folder, _): folder
    }
  }

  /// The directory, made if it is new, and the right to write there.
  func open() throws -> (RunDirectory, RunLock) {
    switch self {
    case .existing(let directory, let lock): return (try directory.reopened(), lock)
    case .new(let directory) where directory.isUnborn:
      // Whoever holds the lock is not dead, and about to write.
      return (try directory.reopened(), try RunLock(directory.path))
    case .new(let directory):
      let made = try RunDirectory.create(at: directory.path)
      return (made, try RunLock(made.path))
    case .unnamed(let folder, let stem):
      let made = try RunDirectory.createNext(under: folder, stem: stem)
      return (made, try RunLock(made.path))
    }
  }
}
