import Checkpoints
import Foundation

/// Where a run speaks to the person or the program that started it. Only rank 0 has one that prints.
///
/// Results go to the standard output; progress and notes go to the standard error. With `isJSON` the standard output
/// holds JSON lines and nothing else.
package struct Console: Sendable {
  private let screen: Screen
  private let isSilent: Bool
  private let isQuiet: Bool
  private let isJSON: Bool

  /// A console on the standard streams.
  ///
  /// - Parameters:
  ///   - isSilent: whether nothing is printed at all.
  ///   - isForwarded: whether a launcher passes the output on. Open MPI gives its processes a terminal of their own
  ///     whatever its output is, so it proves nothing.
  ///   - isQuiet: whether only notes and the last result are printed.
  ///   - isJSON: whether events are printed as JSON lines instead of text.
  package init(isSilent: Bool = false, isForwarded: Bool = false, isQuiet: Bool = false, isJSON: Bool = false) {
    let device = isSilent ? .none : Device.standard(isForwarded: isForwarded)
    self.init(screen: Screen(device), isSilent: isSilent, isQuiet: isQuiet, isJSON: isJSON)
    if isInteractive { screen.keepInShape() }
  }

  /// A console on another device.
  package init(device: Device, isQuiet: Bool = false, isJSON: Bool = false) {
    self.init(screen: Screen(device), isSilent: false, isQuiet: isQuiet, isJSON: isJSON)
  }

  private init(screen: Screen, isSilent: Bool, isQuiet: Bool, isJSON: Bool) {
    (self.screen, self.isSilent, self.isQuiet, self.isJSON) = (screen, isSilent, isQuiet, isJSON)
  }

  /// Whether progress stays on one line.
  var isInteractive: Bool { screen.device.isTerminal && !isSilent && !isQuiet }

  /// Whether progress is wanted now and then: as a plain line or as JSON.
  var takesPlainProgress: Bool { !isSilent && (isJSON || (!isQuiet && !isInteractive)) }

  /// Prints a line for a person: to the standard output, or to the standard error where that is for JSON.
  package func line(_ text: String) {
    guard !isSilent, !isQuiet else { return }
    screen.print(text, to: isJSON ? .errors : .results)
  }

  /// Says something that the person should know, which is no failure: "note: …".
  package func note(_ text: String) {
    guard !isSilent else { return }
    guard isJSON else { return screen.print("note: \(text)", to: .errors) }
    screen.print(Report.line(RunEvent.note(text)), to: .results)
  }

  /// Warns of a run that goes wrong without failing: "warning: …".
  func warning(_ text: String) {
    guard !isSilent else { return }
    guard isJSON else { return screen.print("warning: \(text)", to: .errors) }
    screen.print(Report.line(RunEvent.warning(text)), to: .results)
  }

  /// Tells the user of a command something beside its result, on the standard error.
  package static func note(_ text: String) {
    clear()
    try? FileHandle.standardError.write(contentsOf: Data(PlainText.shown("note: \(text)\n").utf8))
  }

  /// Prints a report that is the last word of a run, on the standard error.
  static func report(_ text: String) {
    clear()
    try? FileHandle.standardError.write(contentsOf: Data(PlainText.shown("cnn-dist: \(text)\n").utf8))
  }

  /// Says what a run is about to do.
  func start(_ announcement: Announcement) {
    for note in announcement.notes { self.note(note) }
    if isJSON { return event(announcement.record) }
    for text in announcement.lines { line(text) }
  }

  /// Shows progress in place.
  func draw(_ progress: Progress) {
    if isInteractive { screen.draw(progress.line) }
  }

  /// Tells progress as a plain line, or as JSON.
  func tell(_ progress: Progress) {
    guard takesPlainProgress else { return }
    if isJSON { return event(progress.record) }
    screen.print(progress.line.whole, to: .errors)
  }

  /// Tells the training metrics since the last time.
  func metrics(_ entry: MetricsEntry) {
    if isJSON { event(RunEvent.metrics(entry)) }
  }

  /// Tells a score of the test data.
  func evaluation(_ score: EvaluationEvent) {
    if isJSON { return event(score.record) }
    line(score.line)
    if let average = score.averageLine { line(average) }
  }

  /// Tells the end of a run; its line is the last of the standard output.
  func end(_ end: EndEvent) {
    guard !isSilent else { return }
    if isJSON { return event(end.record) }
    screen.print(end.line, to: .results)
  }

  private func event(_ record: [String: ReportValue]) {
    guard !isSilent else { return }
    screen.print(Report.line(record), to: .results)
  }

  /// Takes the progress line of this process away, so that what others print begins on a fresh line.
  package static func clear() { Screen.clearCurrent() }
}
