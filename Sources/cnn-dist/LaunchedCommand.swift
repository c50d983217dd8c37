import ArgumentParser
import Checkpoints
import Configuration
import Datasets
import Foundation
import Supervisor
import Training

/// What the words after the options of `launch` ask for.
struct LaunchedCommand {
  /// What the ranks run.
  let job: RankJob
  /// The run directory that was made for it; nil if it was named or is there already.
  private let made: String?

  /// Checks the words as the ranks would, and gives a training run without a directory its own: it must be known before
  /// the first failure.
  static func claim(_ words: [String]) throws -> LaunchedCommand {
    let options = Array(words.dropFirst())
    switch words.first {
    case "train": return try training(words, try TrainCommand.parse(options))
    case "evaluate": _ = try EvaluateCommand.parse(options)
    case "data" where options.first == "verify": break
    case let other:
      throw RunError(
        .unusable,
        "launch starts train, evaluate and data verify, and not '\(other ?? "")': the other commands run alone, "
          + "without launch")
    }
    return LaunchedCommand(job: RankJob(words: words, runDirectory: nil), made: nil)
  }

  private static func training(_ words: [String], _ command: TrainCommand) throws -> LaunchedCommand {
    if command.debug || command.launch.alone {
      throw RunError(
        .unusable,
        "\(command.debug ? "--debug" : "--alone") runs in one process; start it without launch: cnn-dist "
          + ShellWords.text(words))
    }
    if let named = command.runDir ?? command.name.map({ RunDirectory.named($0).path }) {
      return LaunchedCommand(job: RankJob(words: words, runDirectory: named), made: nil)
    }
    if let resume = command.resume {
      // Without a directory of its own `auto` is refused by the ranks, in better words.
      let directory = resume == "auto" ? nil : resumed(resume)
      return LaunchedCommand(job: RankJob(words: words, runDirectory: directory), made: nil)
    }
    let configuration = try command.options.read()
    let made = try next(stem: "\(configuration.model.name)-\(configuration.data.format.rawValue)")
    return LaunchedCommand(job: RankJob(words: words, runDirectory: made), made: made)
  }

  /// The directory of the run that `--resume` names without one, as the ranks find it; nil if there is none.
  private static func resumed(_ resume: String) -> String? {
    guard resume.contains("/") else { return RunDirectory.newest(under: "runs")?.path }
    let place = URL(fileURLWithPath: resume).deletingLastPathComponent()
    return (place.lastPathComponent == "checkpoints" ? place.deletingLastPathComponent() : place).relativePath
  }

  /// Makes the next free directory under runs/, empty: the ranks take it for the place of a new run.
  private static func next(stem: String) throws -> String {
    while true {
      let path = RunDirectory.nextFree(under: "runs", stem: stem)
      do {
        try FileManager.default.createDirectory(atPath: "runs", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
      } catch CocoaError.fileWriteFileExists {
        // Another process was faster: the name is taken now, and the next one is tried.
      } catch {
        throw RunError(.unusable, "\(path) cannot be made: \(error.localizedDescription); choose another --run-dir")
      }
    }
  }

  /// Takes back a directory that was made, if nothing has been written into it.
  func release() {
    guard let made, let names = try? FileManager.default.contentsOfDirectory(atPath: made), names.isEmpty else {
      return
    }
    try? FileManager.default.removeItem(atPath: made)
  }
}

/// What the system has ended for want of memory.
enum OutOfMemory {
  /// Processes of this control group so far; nil if the system does not tell.
  ///
  /// Source: the kernel's documentation, "Control Group v2" (memory.events), "Memory Resource Controller"
  /// (memory.oom_control).
  static func kills() -> Int? {
    let read = { (path: String) in try? String(contentsOfFile: path, encoding: .utf8) }
    guard let groups = read("/proc/self/cgroup"), let mounts = read("/proc/self/mountinfo") else { return nil }
    let texts = ControlGroups.places(of: "memory", groups: groups, mounts: mounts).lazy.compactMap { place in
      read("\(place.folder)/\(place.isUnified ? "memory.events" : "memory.oom_control")")
    }
    return texts.first?.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
      .flatMap { Int($0.dropFirst("oom_kill ".count)) }
  }
}
