import Configuration
import Foundation
import Optimizers
import StrictYAML
package import Training

/// What `plan --schedule` prints: the learning rate over the steps of a run.
package enum ScheduleReport {
  /// The highest number of steps that are looked at one by one; of longer runs it is so many of them, evenly.
  private static let limit = 1_000_000
  /// The most turning points that are listed.
  private static let rows = 40

  /// Opens the configuration's data, whose size an epoch is, and prints.
  ///
  /// - Throws: `RunError` if the configuration or its data cannot be used.
  package static func print(configuration path: String?, overrides: [String], asJSON: Bool) throws(RunError) {
    if let path, !PlanReport.isConfiguration(path), (try? ModelLoader.network(named: path)) != nil {
      throw RunError(
        .unusable,
        "plan --schedule: \(path) is a model, which has no schedule; name a configuration file or none, if you like with "
          + "--set model=\(path)")
    }
    let configuration: RunConfiguration
    do { configuration = try Configurations.read(path: path, overrides: overrides) } catch {
      throw RunError.unusable(error)
    }
    let blueprint = try Blueprint(configuration)
    if asJSON { printJSON(blueprint) } else { printText(blueprint) }
  }

  private static func printJSON(_ blueprint: Blueprint) {
    for step in 0..<blueprint.steps {
      let value = blueprint.scheduled(step: step, state: ScheduleState())
      Report.json([
        "step": .integer(step), "epoch": .number(blueprint.epochs(after: step)), "rate": .number(value.rate),
        "momentum": value.momentum.map { .number($0) } ?? .nothing,
      ])
    }
  }

  private static func printText(_ blueprint: Blueprint) {
    let schedule = blueprint.configuration.train.schedule
    let distance = 1 + (blueprint.steps - 1) / limit
    let steps = Array(stride(from: 0, to: blueprint.steps, by: distance))
    let values = steps.map { blueprint.scheduled(step: $0, state: ScheduleState()) }
    let epochs = Display.trimmed(blueprint.epochs(after: blueprint.steps), 2)
    Swift.print("\(schedule.alternative(.brief).name): \(Display.count(blueprint.steps)) steps, \(epochs) epochs")
    let width = min(80, Terminal.width(of: STDOUT_FILENO))
    draw("learning rate", values.map(\.rate), from: 0, width, epochs)
    let momenta = values.compactMap(\.momentum)
    if let lowest = momenta.min() { draw("momentum", momenta, from: lowest, width, epochs) }
    printTurns(steps, values, blueprint)
    if let count = schedule.rule.evaluationsToChange {
      Swift.print(
        "\nThe schedule follows the evaluations: this is the rate as long as it does not change, for which it takes "
          + "\(count) evaluations in a row that are not better.")
    }
  }

  private static func draw(_ title: String, _ values: [Double], from lowest: Double, _ width: Int, _ epochs: String) {
    Swift.print("\n\(title)")
    let lines = TextPlot(values, from: lowest).lines(width: width, height: 13)
    for line in lines { Swift.print(line) }
    let end = "\(epochs) epochs"
    Swift.print(String(repeating: " ", count: max(0, (lines.last?.count ?? 0) - end.count)) + end)
  }

  private static func printTurns(_ steps: [Int], _ values: [ScheduleValue], _ blueprint: Blueprint) {
    let turns = TurningPoints.indices(of: values.map(\.rate))
    let cycles = values.contains { $0.momentum != nil }
    let table = turns.prefix(rows).map { index in
      [
        Display.count(steps[index]), Display.trimmed(blueprint.epochs(after: steps[index]), 4),
        Display.scientific(values[index].rate),
      ] + (cycles ? [values[index].momentum.map { Display.trimmed($0, 4) } ?? ""] : [])
    }
    Swift.print("")
    Report.table(["step", "epoch", "rate"] + (cycles ? ["momentum"] : []), table, text: [])
    if turns.count > rows { Swift.print("and \(Display.count(turns.count - rows)) more") }
  }
}

/// A curve in characters.
package struct TextPlot {
  private let values: [Double]
  private let lowest: Double
  private let highest: Double

  /// The curve through values at equal distances; its lowest line stands for `lowest`.
  package init(_ values: [Double], from lowest: Double) {
    self.values = values
    self.lowest = lowest
    highest = values.max() ?? lowest
  }

  /// The curve in so many columns and lines, of which the axes and labels are some.
  package func lines(width: Int, height: Int) -> [String] {
    let labels = (0..<height).map { label(line: $0, height: height) }
    let margin = labels.map(\.count).max() ?? 0
    let columns = max(1, min(values.count, width - margin - 2))
    let spans = (0..<columns).map { span(column: $0, of: columns, height: height) }
    let body = (0..<height).map { line in
      let points = spans.map { $0.contains(height - 1 - line) ? "*" : " " }.joined()
      return String(repeating: " ", count: margin - labels[line].count) + labels[line] + " |" + points
    }
    let axis = String(repeating: " ", count: margin + 1) + "+" + String(repeating: "-", count: columns)
    return body.map { String($0.reversed().drop { $0 == " " }.reversed()) } + [axis]
  }

  /// The highest, the middle and the lowest line have a label.
  private func label(line: Int, height: Int) -> String {
    guard [0, height / 2, height - 1].contains(line) else { return "" }
    let part = Double(height - 1 - line) / Double(max(1, height - 1))
    return String(format: "%.3g", lowest + part * (highest - lowest))
  }

  /// The lines that the curve passes in a column, counted from below.
  private func span(column: Int, of columns: Int, height: Int) -> ClosedRange<Int> {
    let (start, end) = (column * values.count / columns, (column + 1) * values.count / columns)
    let levels = values[start..<end].map { level($0, height: height) }
    return (levels.min() ?? 0)...(levels.max() ?? 0)
  }

  private func level(_ value: Double, height: Int) -> Int {
    guard highest > lowest else { return height - 1 }
    let part = min(1, max(0, (value - lowest) / (highest - lowest)))
    return Int((part * Double(height - 1)).rounded())
  }
}

/// Where a curve turns: its ends, where it begins to rise, to fall or to stay, and its corners.
package enum TurningPoints {
  /// The indices of the turning points, rising.
  package static func indices(of values: [Double]) -> [Int] {
    guard values.count > 2 else { return Array(values.indices) }
    let size = values.map(abs).max() ?? 0
    let slopes = zip(values.dropFirst(), values).map { $0 - $1 }
    let directions = slopes.map { abs($0) <= 1e-12 * size ? 0 : $0 > 0 ? 1 : -1 }
    let bends = [0] + zip(slopes.dropFirst(), slopes).map { abs($0 - $1) } + [0]
    let inner = (1..<values.count - 1).filter { index in
      directions[index - 1] != directions[index] || isCorner(bends, index, floor: 1e-9 * size)
    }
    return [0] + inner + [values.count - 1]
  }

  /// Whether a bend stands out; those of a smooth curve are alike. The bend of a corner between two values shows at both.
  private static func isCorner(_ bends: [Double], _ index: Int, floor: Double) -> Bool {
    let around = [index - 2, index + 2].filter(bends.indices.contains).map { bends[$0] }
    return bends[index] > bends[index - 1] && bends[index] >= bends[index + 1]
      && bends[index] > 10 * max(floor, around.max() ?? 0)
  }
}
