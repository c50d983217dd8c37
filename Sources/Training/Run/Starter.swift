import Foundation

/// What has started the ranks of this job, for the commands that messages name.
enum Starter {
  /// The variable by which `cnn-dist launch` marks the processes of a launch.
  private static let mark = "CNN_DIST_LAUNCH"

  /// Whether `cnn-dist launch` watches over the job, and starts it again after a failure.
  static var isSupervised: Bool { ProcessInfo.processInfo.environment[mark] != nil }

  /// The command that continues a run on so many ranks.
  static func resume(_ directory: String, ranks: Int) -> String {
    let start = isSupervised ? "cnn-dist launch -n \(ranks)" : ranks > 1 ? "mpirun -n \(ranks) cnn-dist" : "cnn-dist"
    return "\(start) train --run-dir \(directory) --resume"
  }

  /// How to stop a job of so many ranks.
  static func stopping(ranks: Int) -> String {
    ranks == 1 || isSupervised ? "Ctrl-C saves and stops" : "kill -USR2 to mpirun saves and stops"
  }
}
