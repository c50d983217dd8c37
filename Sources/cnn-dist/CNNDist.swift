import ArgumentParser
import Checkpoints
import Configuration
import Foundation
import Training

/// The command line.
@main
struct CNNDist: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cnn-dist",
    abstract: "Trains convolutional networks, data-parallel, on CPU clusters, over MPI.",
    discussion: """
      First run:       cnn-dist train                      trains lenet5 on built-in digits, on one core
      On four ranks:   cnn-dist launch -n 4 train          the same, with the same bits, by mpirun, watched over
      Own data:        cnn-dist train my.yaml              see configs/ for examples
      Continue a run:  cnn-dist train --run-dir runs/x --resume

      Exit codes: 0 success, 1 failure while running, 2 unusable arguments, configuration or data, 3 stopped on \
      request after saving, 4 a rank died, 5 a rank hangs, 6 loss or gradient not finite, 7 a rank computes wrongly, \
      64 wrong usage of the command line.
      """,
    version: ProgramVersion.text,
    subcommands: [
      TrainCommand.self, LaunchCommand.self, LaunchHostCommand.self, EvaluateCommand.self, PlanCommand.self,
      ModelsCommand.self, ConfigCommand.self, DataCommand.self, CheckpointCommand.self, AuditCommand.self,
      DebugCommand.self, BenchCommand.self,
    ])

  /// Runs the command and turns errors into one sentence and an exit code.
  static func main() {
    // A reader that goes away (as in `cnn-dist plan | head`) must not look like a crash.
    signal(SIGPIPE, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      var command = try parseAsRoot(ResumeArgument.expanded(arguments))
      try command.run()
    } catch let error as RunError {
      if !error.isReported { ErrorReport.print(error) }
      Foundation.exit(error.code.rawValue)
    } catch {
      end(with: error, arguments)
    }
  }

  /// Ends with what the command line's parser has to say: help, or what is wrong with the options.
  private static func end(with error: any Error, _ arguments: [String]) -> Never {
    let code = exitCode(for: error)
    let message = fullMessage(for: error)
    if code.isSuccess {
      print(PlainText.shown(message))
    } else if let answer = ForeignOptions.answer(to: arguments, complaint: self.message(for: error)) {
      for sentence in answer.split(separator: "\n") { ErrorReport.print("error: \(sentence)") }
    } else {
      ErrorReport.write(message + "\n")
    }
    Foundation.exit(code.rawValue)
  }
}

/// How a failure is told.
enum ErrorReport {
  /// Prints the sentence, or the sentences, of an error to the standard error.
  static func print(_ error: RunError) {
    let prefix = error.code == .stopped ? "" : "error: "
    for sentence in error.description.split(separator: "\n") { print(prefix + sentence) }
  }

  /// Prints a sentence with the program's name.
  static func print(_ sentence: String) { write("cnn-dist: \(sentence)\n") }

  /// Writes a text on a fresh line.
  static func write(_ text: String) {
    Console.clear()
    try? FileHandle.standardError.write(contentsOf: Data(PlainText.shown(text).utf8))
  }
}

/// `--resume` may stand without a value: it then means the latest checkpoint.
enum ResumeArgument {
  /// The arguments with the value filled in where it is missing.
  static func expanded(_ arguments: [String]) -> [String] {
    arguments.enumerated().flatMap { index, argument -> [String] in
      guard argument == "--resume" else { return [argument] }
      let next = index + 1 < arguments.count ? arguments[index + 1] : "-"
      let isValue = !next.hasPrefix("-") && !next.hasSuffix(".yaml") && !next.hasSuffix(".yml")
      return isValue ? [argument] : [argument, "latest"]
    }
  }
}

/// Options that every reporting command has.
struct ReportOptions: ParsableArguments {
  @Flag(help: "Print one JSON object a line, with stable keys.")
  var json = false
}

/// Options that name a configuration.
struct ConfigurationOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "A configuration file (YAML); without one the built-in example: lenet5 on digits.", valueName: "config"))
  var configuration: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Override one value by its path, as in --set train.epochs=10.", valueName: "key=value"))
  var overrides: [String] = []

  /// The configuration with its overrides.
  func read() throws(RunError) -> RunConfiguration {
    try RunError.asUnusable { try Configurations.read(path: configuration, overrides: overrides) }
  }
}
