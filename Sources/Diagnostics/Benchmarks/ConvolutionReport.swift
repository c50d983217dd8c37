import Kernels
import Operators
import Training

/// What `bench ops` prints.
struct ConvolutionReport {
  /// Floating-point operations a second that the core could reach at most.
  let peak: Double
  /// Whether errors were measured.
  let hasErrors: Bool

  /// Prints what holds for all tables.
  func printHead() { Swift.print("\(KernelSet.description); the planner's choice is marked with *\n") }

  /// Prints what the tables need to be understood.
  func printFoot() {
    Swift.print(MeasuredWork.footnote(peak: peak))
    guard hasErrors else { return }
    Swift.print(
      "Error: |result - exact| / |exact| in Euclidean norms, against sums in double precision, over so many samples.")
  }

  /// Prints the table of one convolution.
  func printText(_ findings: [ConvolutionFinding], of subject: ConvolutionSubject) {
    let others = subject.layers.count - 1
    let more = others > 0 ? " and \(others) more" : ""
    Swift.print("\(subject.title), micro-batch \(subject.batch): \(subject.layers.first ?? "")\(more)")
    Report.table(
      ["pass", "algorithm", "ms"] + MeasuredWork.titles + (hasErrors ? ["error", "samples"] : []),
      findings.map(cells), text: [0, 1])
    Swift.print("")
  }

  private func cells(_ finding: ConvolutionFinding) -> [String] {
    let error = finding.error.map { [Display.scientific($0.relative), String($0.batch)] } ?? []
    return [
      finding.pass.name, finding.algorithm.name + (finding.isChosen ? " *" : ""),
      Display.decimal(1e3 * finding.work.seconds, 3),
    ] + finding.work.cells(peak: peak) + error
  }

  /// Prints one object for each finding.
  func printJSON(_ findings: [ConvolutionFinding], of subject: ConvolutionSubject) {
    for finding in findings {
      let own: [String: ReportValue] = [
        "pass": .text(finding.pass.name), "algorithm": .text(finding.algorithm.name),
        "chosen": .truth(finding.isChosen), "peak-gflop-per-second": .number(1e-9 * peak),
        "kernels": .text(KernelSet.description), "error": finding.error.map { .number($0.relative) } ?? .nothing,
        "error-samples": finding.error.map { .integer($0.batch) } ?? .nothing,
      ]
      Report.json(
        own.merging(subject.record) { $1 }.merging(finding.work.record(peak: peak)) { $1 })
    }
  }
}

extension ConvolutionSubject {
  /// The shape as keys and values, with the names that model files use.
  fileprivate var record: [String: ReportValue] {
    let (window, padding) = (geometry.window, geometry.window.padding)
    return [
      "layers": .list(layers.map { .text($0) }), "micro-batch": .integer(batch), "input": .numbers(geometry.input),
      "output": .numbers(geometry.output), "kernel": .numbers(window.kernel), "stride": .numbers(window.stride),
      "dilation": .numbers(window.dilation),
      "padding": .list([padding.top, padding.left, padding.bottom, padding.right].map { .integer($0) }),
      "groups": .integer(geometry.groups),
    ]
  }
}

extension ReportValue {
  fileprivate static func numbers(_ extent: Extent) -> ReportValue {
    .list([.integer(extent.height), .integer(extent.width)])
  }

  fileprivate static func numbers(_ shape: Shape) -> ReportValue {
    .list([.integer(shape.channels), .integer(shape.height), .integer(shape.width)])
  }
}
