package import Network
import Reference

/// `debug gradcheck`.
package enum GradientCheckReport {
  /// Checks every parameter and prints a row for each.
  ///
  /// - Throws: `RunError` with code `failed` if an error is above the tolerance.
  package static func run(
    _ network: NetworkDescription, loss: Loss, batch: Int, seed: UInt64, asJSON: Bool
  ) throws(RunError) {
    let check: GradientCheck
    do { check = try GradientCheck(network: network, loss: loss, batch: batch, seed: seed) } catch {
      throw RunError.unusable(error)
    }
    let rows = check.run { row in
      if asJSON {
        Report.json([
          "name": .text(row.name), "shape": .list(row.shape.map { .integer($0) }), "analytic": .number(row.analytic),
          "numeric": .number(row.numeric), "relative-error": .number(row.relativeError),
          "entries": .integer(row.entriesChecked),
        ])
      } else {
        print(
          "\(row.relativeError <= GradientCheck.tolerance ? "ok  " : "BAD ") error \(Display.scientific(row.relativeError))  "
            + "\(row.name) \(row.shape)")
      }
    }
    let worst = rows.map(\.relativeError).max() ?? 0
    guard worst <= GradientCheck.tolerance else {
      throw RunError(
        .failed,
        "\(network.name): the gradient differs from finite differences by \(Display.scientific(worst)) relative, "
          + "more than \(Display.scientific(GradientCheck.tolerance))")
    }
    if !asJSON {
      print(
        "\(network.name): \(rows.count) tensors, worst relative error \(Display.scientific(worst)) (tolerance "
          + "\(Display.scientific(GradientCheck.tolerance)))")
    }
  }
}
