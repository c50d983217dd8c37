import Kernels
import Operators
import Planner
import Training

/// What `bench step` prints of one model.
struct StepReport {
  /// The model's name.
  let network: String
  /// What was measured.
  let measurement: StepMeasurement
  /// Floating-point operations a second that one core could reach at most.
  let peak: Double

  /// A row of a table: an instruction, or all instructions of a kind.
  private struct Row {
    var path = ""
    var pass = ""
    var kind: String
    var name: String
    var algorithm: String?
    var calls = 1
    var work: MeasuredWork
  }

  // MARK: Rows

  private var layers: [Row] {
    let (program, layout) = (measurement.plan.training, measurement.plan.layout)
    return program.instructions.enumerated().compactMap { index, instruction in
      let seconds = measurement.instructions[index]
      guard seconds > 0 else { return nil }
      let operation = instruction.operation
      return Row(
        path: instruction.path, pass: instruction.pass.rawValue, kind: operation.kind, name: operation.name,
        algorithm: operation.convolution?.algorithm.name,
        work: MeasuredWork(
          seconds: seconds, flops: program.flops(of: instruction),
          bytes: program.bytes(of: instruction, layout: layout)))
    }
  }

  /// The rows of instructions of the same kind together, and what is no instruction; the longest first.
  private func kinds(of layers: [Row]) -> [Row] {
    let groups = Dictionary(grouping: layers, by: \.kind).values.map { rows in
      var sum = Row(kind: rows[0].kind, name: rows[0].name, algorithm: rows[0].algorithm, work: rows[0].work)
      sum.calls = rows.count
      sum.work = rows.dropFirst().reduce(sum.work) { $0 + $1.work }
      return sum
    }
    return (groups + rest).sorted { ($0.work.seconds, $1.kind) > ($1.work.seconds, $0.kind) }
  }

  /// The times of the step that belong to no instruction.
  private var rest: [Row] {
    let timing = measurement.timing
    let update = row("update", timing.reducing + timing.exchange, bytes: updateBytes)
    let other = row("digests, hand-over", measurement.other, bytes: 0)
    return [update, other] + (measurement.lanes > 1 ? [row("wait for lanes", timing.lanes, bytes: 0)] : [])
  }

  private func row(_ name: String, _ seconds: Double, bytes: Int) -> Row {
    Row(kind: name, name: name, work: MeasuredWork(seconds: seconds, flops: 0, bytes: bytes))
  }

  /// What the optimizer reads and writes, and for each lane but the first an addition to another: two readings and a
  /// writing.
  private var updateBytes: Int {
    4 * measurement.plan.layout.exchangedCount * (measurement.updateTraffic + 3 * (measurement.lanes - 1))
  }

  // MARK: Text

  /// Prints the headline and a table.
  func printText(byLayer: Bool) {
    Swift.print(headline)
    let layers = layers
    let rows = byLayer ? layers + rest : kinds(of: layers)
    let total = rows.reduce(0) { $0 + $1.work.seconds }
    if measurement.lanes > 1 { Swift.print("times of the first of \(measurement.lanes) lanes:") }
    if byLayer { printLayers(rows, total) } else { printKinds(rows, total) }
    Swift.print("")
  }

  private var headline: String {
    let (steps, program) = (measurement.steps, measurement.plan.training)
    let lanes = measurement.lanes > 1 ? " on each of \(measurement.lanes) lanes" : ""
    let rate = measurement.work.rate ?? 0
    return "\(network), micro-batch \(program.batch)\(lanes), \(KernelSet.description): "
      + "\(Display.decimal(measurement.imagesPerSecond, 0)) images/s, step \(Display.decimal(1e3 * measurement.median, 2)) ms "
      + "(median of \(steps.count), \(Display.decimal(1e3 * (steps.first ?? 0), 2)) to "
      + "\(Display.decimal(1e3 * (steps.last ?? 0), 2))), \(Display.decimal(1e-9 * rate, 1)) GFLOP/s = "
      + "\(Display.percent(rate / reachable, 0)) of peak; forward alone "
      + "\(Display.decimal(measurement.forwardImagesPerSecond, 0)) images/s"
  }

  /// What all lanes together could reach at most.
  private var reachable: Double { peak * Double(measurement.lanes) }

  private func printKinds(_ rows: [Row], _ total: Double) {
    Report.table(
      ["instruction", "calls", "ms", "share"] + MeasuredWork.titles,
      rows.map { row in [row.kind, String(row.calls)] + times(row, total) })
  }

  private func printLayers(_ rows: [Row], _ total: Double) {
    Report.table(
      ["layer", "pass", "operation", "algorithm", "ms", "share"] + MeasuredWork.titles,
      rows.map { row in [row.path, row.pass, row.name, row.algorithm ?? ""] + times(row, total) },
      text: [0, 1, 2, 3])
  }

  private func times(_ row: Row, _ total: Double) -> [String] {
    [Display.decimal(1e3 * row.work.seconds, 3), Display.percent(row.work.seconds / total)]
      + row.work.cells(peak: peak)
  }

  // MARK: JSON

  /// Prints one object with both tables.
  func printJSON() {
    let layers = layers
    let kinds = kinds(of: layers)
    let (steps, rate) = (measurement.steps, measurement.work.rate ?? 0)
    Report.json([
      "model": .text(network), "micro-batch": .integer(measurement.plan.training.batch),
      "lanes": .integer(measurement.lanes), "images": .integer(measurement.images),
      "images-per-second": .number(measurement.imagesPerSecond),
      "forward-images-per-second": .number(measurement.forwardImagesPerSecond),
      "step-milliseconds": .number(1e3 * measurement.median),
      "fastest-milliseconds": .number(1e3 * (steps.first ?? 0)),
      "slowest-milliseconds": .number(1e3 * (steps.last ?? 0)), "steps": .integer(steps.count),
      "kernels": .text(KernelSet.description), "gflop-per-second": .number(1e-9 * rate),
      "share-of-peak": .number(rate / reachable), "peak-gflop-per-second": .number(1e-9 * peak),
      "milliseconds": .record(
        Dictionary(uniqueKeysWithValues: kinds.map { ($0.kind, .number(1e3 * $0.work.seconds)) })),
      "kinds": .list(kinds.map { .record(record($0, ["calls": .integer($0.calls)])) }),
      "layers": .list(layers.map { .record(record($0, ["path": .text($0.path), "pass": .text($0.pass)])) }),
    ])
  }

  private func record(_ row: Row, _ own: [String: ReportValue]) -> [String: ReportValue] {
    let operation: [String: ReportValue] = [
      "operation": .text(row.name), "algorithm": row.algorithm.map { .text($0) } ?? .nothing,
    ]
    return own.merging(operation) { $1 }.merging(row.work.record(peak: peak)) { $1 }
  }
}
