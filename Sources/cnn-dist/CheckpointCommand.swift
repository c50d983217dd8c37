import ArgumentParser
import Diagnostics

/// `cnn-dist checkpoint`.
struct CheckpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint", abstract: "Look at checkpoints.", subcommands: [Show.self, Verify.self])

  /// `cnn-dist checkpoint show`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what a checkpoint holds.",
      discussion: """
        The hash is SHA-256 over the parameters by name, as little-endian float32 in PyTorch's layout.
        Example: cnn-dist checkpoint show --hash runs/x/checkpoints/latest
        """)

    @Argument(help: ArgumentHelp("A checkpoint directory.", valueName: "dir"))
    var checkpoint: String

    @Flag(help: "Print only the SHA-256 of the weights.")
    var hash = false

    @OptionGroup var report: ReportOptions

    func run() throws { try CheckpointReport.show(checkpoint, onlyHash: hash, asJSON: report.json) }
  }

  /// `cnn-dist checkpoint verify`.
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check every file of a checkpoint against its manifest.",
      discussion: "Example: cnn-dist checkpoint verify runs/x/checkpoints/latest")

    @Argument(help: ArgumentHelp("A checkpoint directory.", valueName: "dir"))
    var checkpoint: String

    func run() throws { try CheckpointReport.verify(checkpoint) }
  }
}
