import Foundation

/// Runs the programs of this package as processes of their own, each with a deadline.
package enum Programs {
  /// How a program ended.
  package struct Outcome: Sendable {
    /// The exit code; 128 + the signal's number if a signal ended it.
    package let status: Int32
    /// What it printed to the standard output.
    package let output: String
    /// What it printed to the standard error.
    package let errors: String

    /// Both, for messages of failed tests.
    package var everything: String { "exit code \(status)\n\(output)\(errors)" }
    /// The last line of the output.
    package var lastLine: String { output.split(separator: "\n").last.map(String.init) ?? "" }
  }

  /// A program that could not be run to its end.
  package struct Problem: Error, CustomStringConvertible {
    package let description: String
  }

  /// A built program; the build's products lie in the folder of the test bundle, or above it.
  package static func path(of name: String) throws -> String {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    for _ in 0..<5 {
      folder.deleteLastPathComponent()
      let candidate = folder.appendingPathComponent(name)
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate.path }
    }
    throw Problem(description: "\(name) is not built beside the tests")
  }

  /// The words that start `program` on `ranks` ranks under `mpirun`.
  package static func mpirun(ranks: Int, _ program: [String]) -> [String] {
    ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "\(ranks)"] + program
  }

  /// Runs a command to its end.
  ///
  /// - Parameters:
  ///   - command: the program, found on the PATH or by its path, and its arguments.
  ///   - folder: where it runs; a temporary folder of the system if nil.
  ///   - deadline: seconds after which it is ended.
  /// - Throws: `Problem` that names the command if it does not end in time.
  package static func run(_ command: [String], in folder: String? = nil, deadline: Int = 180) throws -> Outcome {
    let running = try RunningProgram(command, in: folder)
    return try running.finish(deadline: deadline)
  }
}

/// A program that runs.
package final class RunningProgram {
  private let process = Process()
  private let command: [String]
  private let logs: URL

  /// Starts a command; see `Programs.run`.
  package init(_ command: [String], in folder: String? = nil) throws {
    self.command = command
    logs = FileManager.default.temporaryDirectory.appendingPathComponent("program-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    // Containers run as root, which Open MPI asks to confirm twice.
    var settings = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]
    // What is printed must not depend on the locale of who tests.
    settings["LC_ALL"] = "C.UTF-8"
    process.environment = ProcessInfo.processInfo.environment.merging(settings) { $1 }
    process.currentDirectoryURL = folder.map { URL(fileURLWithPath: $0) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try log("output")
    process.standardError = try log("errors")
    try process.run()
  }

  deinit { try? FileManager.default.removeItem(at: logs) }

  /// The process's number.
  package var identifier: Int32 { process.processIdentifier }

  /// Whether it has not ended yet.
  package var isRunning: Bool { process.isRunning }

  /// What it has printed to the standard output so far.
  package var output: String { text("output") }

  /// Waits until the output holds `text`, or the program ends.
  package func await(_ text: String, deadline: Int = 30) throws {
    for _ in 0..<deadline * 50 {
      if output.contains(text) || !isRunning { return }
      usleep(20_000)
    }
    end()
    throw Programs.Problem(description: "\(command.joined(separator: " ")) did not print '\(text)' in \(deadline) s")
  }

  /// Waits for the end.
  package func finish(deadline: Int = 180) throws -> Programs.Outcome {
    for _ in 0..<deadline * 50 where process.isRunning { usleep(20_000) }
    guard !process.isRunning else {
      let printed = output + text("errors")
      end()
      throw Programs.Problem(
        description: "\(command.joined(separator: " ")) was still running after \(deadline) s and was ended: \(printed)"
      )
    }
    process.waitUntilExit()
    let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    return Programs.Outcome(status: status, output: output, errors: text("errors"))
  }

  /// Ends the program; mpirun passes SIGTERM on to its ranks.
  private func end() {
    process.terminate()
    for _ in 0..<100 where process.isRunning { usleep(50_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  private func log(_ name: String) throws -> FileHandle {
    let url = logs.appendingPathComponent(name)
    try Data().write(to: url)
    return try FileHandle(forWritingTo: url)
  }

  private func text(_ name: String) -> String {
    String(decoding: (try? Data(contentsOf: logs.appendingPathComponent(name))) ?? Data(), as: UTF8.self)
  }
}
