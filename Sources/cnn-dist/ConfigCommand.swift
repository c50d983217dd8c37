import ArgumentParser
import Diagnostics

/// `cnn-dist config`.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "List every key of a configuration, or print a configuration with everything that is in force.",
    discussion: """
      Without a file and without --set it lists all keys with type, default and meaning. With either it prints the \
      whole configuration that they make, which is itself a configuration file.

      Examples:
        cnn-dist config
        cnn-dist config my.yaml --set train.epochs=3 > whole.yaml
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    if options.configuration == nil, options.overrides.isEmpty { return KeyReport.print(asJSON: report.json) }
    KeyReport.print(try options.read(), asJSON: report.json)
  }
}
