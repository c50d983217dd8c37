/// What the command line asks for.
package struct TrainRequest: Sendable {
  /// A configuration file; nil for the built-in one, or for that of the run that is resumed.
  package var configuration: String?
  /// `key=value` pairs of `--set`.
  package var overrides: [String]
  /// The run directory; nil for a new one under `runs`.
  package var runDirectory: String?
  /// "latest", "best", the name of a checkpoint in the run directory, or a path; nil for a new run.
  package var resume: String?

  /// A request.
  package init(
    configuration: String? = nil, overrides: [String] = [], runDirectory: String? = nil, resume: String? = nil
  ) {
    self.configuration = configuration
    self.overrides = overrides
    self.runDirectory = runDirectory
    self.resume = resume
  }
}
