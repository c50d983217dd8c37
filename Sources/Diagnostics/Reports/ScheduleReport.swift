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
