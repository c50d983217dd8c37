// Diagnostics: what looks at the house from outside. `Debug` compares steps with the reference, with other frameworks
// and with the ledger, `Benchmarks` measures steps and kernels, `Reports` is what the commands print.

package import Engine
import Kernels
import Planner
package import Training

/// The checks of debug mode: after every instruction, what it wrote must be finite; and statistics of each layer's
/// activations and gradients.
package final class StepInspector: StepObserver {
  private let blueprint: Blueprint
  private let console: Console
  private var step = 0
  private var isReporting = false
  /// Steps between two tables of statistics.
  private let interval: Int

  /// The checks of a run; `console` is where they speak.
  package init(_ blueprint: Blueprint, console: Console) {
    self.blueprint = blueprint
    self.console = console
    interval = max(1, Int(blueprint.stepsPerEpoch / 4))
  }

  package func begin(step: Int) {
    self.step = step
    isReporting = step % interval == 0
    if isReporting {
      console.line("step \(step): statistics of the first micro-batch")
      console.line("  " + Self.row(["tensor", "minimum", "maximum", "mean", "deviation"]))
    }
  }

  package func end(_ metrics: StepMetrics) {
    if step % interval == 0 { console.line("step \(step): loss \(Display.decimal(metrics.loss, 6))") }
  }

  package func after(_ index: Int, in execution: borrowing Execution) throws(RunError) {
    let instruction = execution.program.instructions[index]
    try execution.summarize(index) { name, summary throws(RunError) in try judge(summary, name: name, instruction) }
    // Only the first micro-batch of a step is listed.
    if isReporting, isLast(index, execution) { isReporting = false }
  }

  private func isLast(_ index: Int, _ execution: borrowing Execution) -> Bool {
    execution.program.instructions[(index + 1)...].allSatisfy {
      if case .bucketComplete = $0.operation { true } else { false }
    }
  }

  private func judge(_ summary: TensorSummary, name: String, _ instruction: Instruction) throws(RunError) {
    guard summary.notFinite == 0 else {
      let finding = NotFinite(summary, of: name, after: instruction.operation.kind, layer: instruction.path)
      throw RunError(
        .notFinite,
        "step \(step), \(finding.clause); lower the learning rate or look at the images of this step with: "
          + "cnn-dist data order --steps \(step)")
    }
    guard isReporting else { return }
    let numbers = [summary.minimum, summary.maximum, summary.mean, summary.standardDeviation]
    console.line("  " + Self.row([name] + numbers.map { Display.scientific($0) }))
  }

  private static func row(_ cells: [String]) -> String {
    let name = cells[0] + String(repeating: " ", count: max(0, 44 - cells[0].count))
    let numbers = cells.dropFirst().map { String(repeating: " ", count: max(0, 12 - $0.count)) + $0 }
    return name + numbers.joined()
  }
}
