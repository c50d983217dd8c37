import Kernels
package import Network
package import Operators
import Reference
package import Training

/// `debug gradcheck`: the interpreter beside finite differences, and the engine beside the interpreter.
package enum GradientCheckReport {
  /// Checks every parameter and prints a row for each.
  ///
  /// - Throws: `RunError` with code `failed` if an error is above its tolerance.
  package static func run(
    _ network: NetworkDescription, loss: Loss, batch: Int, seed: UInt64, asJSON: Bool
  ) throws(RunError) {
    let check: GradientCheck
    let comparison: EngineComparison
    let engine: [EngineComparison.Row]
    do {
      try KernelSet.configure(.auto)
      check = try GradientCheck(network: network, loss: loss, batch: batch, seed: seed)
      comparison = try EngineComparison(check, network: network, loss: loss, batch: batch, seed: seed)
      engine = try comparison.rows()
    } catch {
      throw RunError.unusable(error)
    }
    let byName = Dictionary(engine.map { ($0.name, $0) }) { first, _ in first }
    let gradients = Set(["images"] + comparison.parameterNames)
    for row in engine where !gradients.contains(row.name) { print(row, asJSON: asJSON) }
    let rows = check.run { print($0, byName[$0.name], asJSON: asJSON) }
    let problems = [
      differenceProblem(rows), try engineProblem(engine, comparison),
    ].compactMap(\.self).map { "\(network.name): \($0)" }
    guard problems.isEmpty else { throw RunError(.failed, problems.joined(separator: "\n")) }
    if !asJSON { printSummary(network.name, rows, engine) }
  }

  // MARK: Verdicts

  private static func differenceProblem(_ rows: [GradientCheckRow]) -> String? {
    let wrong = rows.filter { !isSound($0) }
    guard let worst = wrong.max(by: { $0.relativeError < $1.relativeError }) else { return nil }
    return "the gradient differs from finite differences by \(Display.scientific(worst.relativeError)) relative in "
      + "\(worst.name), more than \(Display.scientific(GradientCheck.tolerance)) (\(wrong.count) of \(rows.count) tensors)"
  }

  private static func engineProblem(
    _ rows: [EngineComparison.Row], _ comparison: EngineComparison
  ) throws(RunError) -> String? {
    let wrong = rows.filter { !$0.isSound }
    guard let worst = wrong.max(by: { $0.error / $0.tolerance < $1.error / $1.tolerance }) else { return nil }
    let first: String?
    do { first = try comparison.firstDifference() } catch { throw RunError.failed(error) }
    return "the engine's single precision differs from the interpreter by \(Display.scientific(worst.error)) relative "
      + "in \(worst.name), more than \(Display.scientific(worst.tolerance)) (\(wrong.count) of \(rows.count) tensors, with "
      + "numerics.winograd: \(worst.winograd.rawValue))"
      + (first.map { "; the first result that is wrong is that of \($0)" } ?? "")
  }

  private static func isSound(_ row: GradientCheckRow) -> Bool { row.relativeError <= GradientCheck.tolerance }

  // MARK: Rows

  private static func print(_ row: EngineComparison.Row, asJSON: Bool) {
    if asJSON {
      return Report.json(record(row).merging(["name": .text(row.name)]) { first, _ in first })
    }
    Swift.print(
      "\(row.isSound ? "ok  " : "BAD ") differences –          engine \(Display.scientific(row.error))  \(row.name)")
  }

  private static func print(_ row: GradientCheckRow, _ engine: EngineComparison.Row?, asJSON: Bool) {
    if asJSON {
      let own: [String: ReportValue] = [
        "name": .text(row.name), "shape": .list(row.shape.map { .integer($0) }), "analytic": .number(row.analytic),
        "numeric": .number(row.numeric), "relative-error": .number(row.relativeError),
        "entries": .integer(row.entriesChecked),
      ]
      return Report.json(own.merging(engine.map(record) ?? [:]) { first, _ in first })
    }
    let isSound = isSound(row) && engine?.isSound ?? true
    Swift.print(
      "\(isSound ? "ok  " : "BAD ") differences \(Display.scientific(row.relativeError))  engine "
        + "\(engine.map { Display.scientific($0.error) } ?? "–")  \(row.name) \(row.shape)")
  }

  private static func record(_ row: EngineComparison.Row) -> [String: ReportValue] {
    ["engine-error": .number(row.error), "engine-tolerance": .number(row.tolerance)]
  }

  private static func printSummary(
    _ name: String, _ rows: [GradientCheckRow], _ engine: [EngineComparison.Row]
  ) {
    let worst = rows.map(\.relativeError).max() ?? 0
    Swift.print(
      "\(name): \(rows.count) tensors, worst relative error against finite differences \(Display.scientific(worst)) "
        + "(tolerance \(Display.scientific(GradientCheck.tolerance)))")
    let gradient = engine.map(\.error).max() ?? 0
    let relaxed = engine.filter { $0.tolerance > EngineComparison.tolerance.gradient }.count
    let note = relaxed > 0 ? "; of \(relaxed) tensors, rounding alone changes more: theirs is higher" : ""
    Swift.print(
      "\(name): the engine, worst relative error against the interpreter \(Display.scientific(gradient)) (tolerance "
        + "\(Display.scientific(EngineComparison.tolerance.forward)) forward, "
        + "\(Display.scientific(EngineComparison.tolerance.gradient)) gradients\(note)); \(KernelSet.description)")
  }
}
