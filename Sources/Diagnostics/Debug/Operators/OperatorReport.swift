import Kernels
import Network
import Operators
import Reference
import StrictYAML
package import Training

/// `debug operators`: every operator and loss, forward and backward, against three references.
package enum OperatorReport {
  /// What errors of the engine should stay below: single precision rounds to 6e-8, and the sums here have at most some
  /// hundred terms; a normalization of few numbers that lie close together costs up to three digits on the way back. A
  /// wrong term or factor gives 1e-2 and more.
  package static let tolerance = (forward: 1e-5, gradient: 1e-4)

  /// What a row was compared with.
  enum Source: String, CaseIterable {
    /// The engine with the double-precision interpreter.
    case interpreter
    /// The interpreter with finite differences.
    case differences = "finite differences"
    /// The engine with PyTorch in float64.
    case pytorch = "PyTorch"

    /// The errors that a row must stay below.
    var tolerance: (forward: Double, gradient: Double) {
      self == .differences ? (0, GradientCheck.tolerance) : OperatorReport.tolerance
    }
  }

  /// Compares, prints the table, and fails if an error is too large.
  ///
  /// - Parameters:
  ///   - words: the operators and losses; all if empty.
  ///   - geometries: how many random ones of each.
  ///   - fixtures: the directory with PyTorch's results; nil to leave that comparison out.
  /// - Throws: `RunError` with code `failed` if an error is above the tolerance.
  package static func run(
    words: [String], geometries: Int, fixtures: String?, asJSON: Bool
  ) throws(RunError) {
    let known = RandomModel.kinds + Loss.alternatives.map(\.name)
    if let unknown = words.first(where: { !known.contains($0) }) {
      throw RunError(.unusable, "'\(unknown)' is no operator or loss; cnn-dist models --layers lists them")
    }
    let chosen = words.isEmpty ? known : known.filter(words.contains)
    let rows: [Row]
    do {
      try KernelSet.configure(.auto)
      let stored = try fixtures.map(stored) ?? [:]
      if fixtures == nil, !asJSON { Swift.print("note: without --fixtures there is no comparison with PyTorch") }
      rows = try chosen.flatMap { try compare($0, geometries: geometries, stored: stored[$0]) }
    } catch {
      throw RunError.unusable(error)
    }
    print(rows, asJSON: asJSON)
    try judge(rows)
  }

  fileprivate struct Row {
    let word: String
    let source: Source
    let errors: OperatorErrors
  }

  private static func compare(_ word: String, geometries: Int, stored: OperatorErrors?) throws -> [Row] {
    var (single, double) = (OperatorErrors(), OperatorErrors())
    for seed in 0..<UInt64(geometries) {
      let comparison = OperatorComparison(word, seed: seed)
      single.widen(try comparison.againstInterpreter())
      double.widen(try comparison.againstDifferences())
    }
    let rows = [
      Row(word: word, source: .interpreter, errors: single), Row(word: word, source: .differences, errors: double),
    ]
    return rows + (stored.map { [Row(word: word, source: .pytorch, errors: $0)] } ?? [])
  }

  /// The errors against PyTorch by the words of model files.
  private static func stored(in directory: String) throws -> [String: OperatorErrors] {
    var found: [String: OperatorErrors] = [:]
    for name in ["operators.safetensors", "losses.safetensors"] {
      let file = try FixtureFile("\(directory)/\(name)")
      for name in file.names {
        let (words, errors) = try file.compare(name)
        for word in words { found[word, default: OperatorErrors()].widen(errors) }
      }
    }
    return found
  }

  private static func print(_ rows: [Row], asJSON: Bool) {
    if asJSON {
      for row in rows { Report.json(row.record) }
      return
    }
    Report.table(
      ["operator", "against", "geometries", "forward", "to input", "to parameters"],
      rows.map { row in
        [
          row.word, row.source.rawValue, String(row.errors.cases),
          row.source == .differences ? "–" : Display.scientific(row.errors.forward),
          Display.scientific(row.errors.input), row.errors.parameters.map { Display.scientific($0) } ?? "–",
        ]
      }, text: [0, 1])
  }

  private static func judge(_ rows: [Row]) throws(RunError) {
    for row in rows {
      try judge(row, "the output", row.errors.forward, row.source.tolerance.forward)
      let gradient = max(row.errors.input, row.errors.parameters ?? 0)
      try judge(row, "a gradient", gradient, row.source.tolerance.gradient)
    }
  }

  private static func judge(_ row: Row, _ what: String, _ error: Double, _ tolerance: Double) throws(RunError) {
    guard error <= tolerance else {
      throw RunError(
        .failed,
        "\(row.word): \(what) differs from \(row.source.rawValue) by \(Display.scientific(error)) relative, more than "
          + Display.scientific(tolerance))
    }
  }
}

extension OperatorReport.Row {
  fileprivate var record: [String: ReportValue] {
    [
      "operator": .text(word), "against": .text(source.rawValue), "geometries": .integer(errors.cases),
      "forward": source == .differences ? .nothing : .number(errors.forward), "input": .number(errors.input),
      "parameters": errors.parameters.map { .number($0) } ?? .nothing,
    ]
  }
}
