import Kernels
import Network
import Operators
import Planner
package import Training

/// `bench sweep`: images/s and memory of a model by micro-batch and image size.
package struct SweepBenchmark: Sendable {
  /// The model.
  package let model: String
  /// Samples of a micro-batch, each in turn.
  package var microBatches: [Int]
  /// Heights and widths of the images; empty for the model's own.
  package var sizes: [Int] = []
  /// How long to measure each.
  package var seconds = 1.0
  /// Whether to print JSON.
  package var isJSON = false

  /// A sweep of a zoo model or a model file.
  package init(model: String, microBatches: [Int]) {
    self.model = model
    self.microBatches = microBatches
  }

  /// How far below the best rate the recommended micro-batch may be.
  static let tolerance = 0.05

  /// Measures and prints, one image size after the other. A size that the model does not fit, or for which memory is
  /// short, is told, and the next one is tried.
  ///
  /// - Throws: `RunError` if the model is unknown.
  package func run() throws(RunError) {
    do { try KernelSet.configure(.auto) } catch { throw RunError.unusable(error) }
    if !isJSON { print(KernelSet.description) }
    if sizes.isEmpty { return sweep(try ModelLoader.network(named: model)) }
    for size in sizes { sweep(try ModelLoader.network(named: model, size: size)) }
  }

  private func sweep(_ network: NetworkDescription) {
    if !isJSON { print("\n\(network.name), images of \(network.input)") }
    let rows = microBatches.map { row(network, microBatch: $0) }
    let advice = try? MicroBatchAdvice(for: network, options: PlanOptions(microBatch: 1, microBatches: 1))
    let report = SweepReport(network: network, rows: rows, recommended: advice?.microBatch)
    if isJSON { report.printJSON() } else { report.printText() }
  }

  private func row(_ network: NetworkDescription, microBatch: Int) -> SweepRow {
    var row = SweepRow(microBatch: microBatch)
    do throws(RunError) {
      let blueprint = try StepBenchmark(microBatch: microBatch).blueprint(network)
      let memory = RankMemory(plan: blueprint.plan, lanes: 1, updates: blueprint.updates)
      row.memory = memory
      // Other programs are not to be pushed out for a measurement.
      guard memory.total < MemoryLimits.current.available / 10 * 9 else {
        row.problem = "takes \(Display.bytes(memory.total)), more memory than there is"
        return row
      }
      try MemoryCheck(memory, setting: "micro-batch").settle()
      row.imagesPerSecond = try StepMeasurement(blueprint, lanes: 1, seconds: seconds).imagesPerSecond
    } catch {
      row.problem = "\(error)"
    }
    return row
  }
}

/// What was found for one micro-batch.
struct SweepRow {
  /// Samples of the micro-batch.
  let microBatch: Int
  /// The speed, unless there is a problem.
  var imagesPerSecond: Double?
  /// The memory of a rank with one lane, if the model could be planned.
  var memory: RankMemory?
  /// Why nothing was measured: one sentence.
  var problem: String?

  /// A row that nothing is known of yet.
  init(microBatch: Int) { self.microBatch = microBatch }
}

/// What `bench sweep` prints of one image size.
struct SweepReport {
  /// The model for this size.
  let network: NetworkDescription
  /// A row for each micro-batch.
  let rows: [SweepRow]
  /// The micro-batch that `plan` recommends.
  let recommended: Int?

  private var best: Double { rows.compactMap(\.imagesPerSecond).max() ?? 0 }

  /// The smallest micro-batch whose speed is close to the best.
  var smallest: Int? {
    rows.filter { ($0.imagesPerSecond ?? 0) > 0 && ($0.imagesPerSecond ?? 0) >= (1 - SweepBenchmark.tolerance) * best }
      .map(\.microBatch).min()
  }

  /// Prints a table and the choice.
  func printText() {
    Report.table(
      ["micro-batch", "images/s", "of best", "peak memory of a rank"],
      rows.map { row in
        let rate = row.imagesPerSecond
        return [
          String(row.microBatch), rate.map { Display.decimal($0, 0) } ?? "-",
          rate.map { Display.percent($0 / best, 0) } ?? "-", row.memory.map { Display.bytes($0.total) } ?? "-",
        ]
      }, text: [])
    // Layers that do not fit are the same problem in each row.
    for problem in Set(rows.compactMap(\.problem)).sorted() {
      let sizes = rows.filter { $0.problem == problem }.map { String($0.microBatch) }.joined(separator: ", ")
      print("not measured at \(sizes): \(problem)")
    }
    guard let smallest else { return }
    print(
      "the smallest micro-batch within \(Display.percent(SweepBenchmark.tolerance, 0)) of the best: \(smallest); from the "
        + "shapes alone plan recommends \(recommended.map(String.init) ?? "none")")
  }

  /// Prints one object for each row.
  func printJSON() {
    for row in rows {
      Report.json([
        "model": .text(network.name), "kernels": .text(KernelSet.description),
        "input": .list([network.input.channels, network.input.height, network.input.width].map { .integer($0) }),
        "micro-batch": .integer(row.microBatch),
        "images-per-second": row.imagesPerSecond.map { .number($0) } ?? .nothing,
        "peak-bytes": row.memory?.record ?? .nothing, "problem": row.problem.map { .text($0) } ?? .nothing,
        "is-smallest-near-best": .truth(row.microBatch == smallest),
        "is-recommended": .truth(row.microBatch == recommended),
      ])
    }
  }
}
