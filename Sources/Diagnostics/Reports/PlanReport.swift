package import Configuration
package import Network
import Optimizers
package import Planner
import StrictYAML
package import Training

/// What `plan` prints: the whole step, its memory and its buckets.
package enum PlanReport {
  /// The network and the plan's options that a name stands for.
  ///
  /// - Parameters:
  ///   - overrides: `--set` options, of which those of `train`, `exchange` and `numerics` count for a model too.
  ///   - name: a zoo model, a model file, a configuration file, or nil for the built-in configuration.
  /// - Throws: `RunError` if it is unknown or cannot be used.
  package static func subject(
    _ name: String?, overrides: [String]
  ) throws(RunError) -> (NetworkDescription, RunConfiguration) {
    do {
      if let name, !isConfiguration(name) {
        return (try ModelLoader.network(named: name), try Configurations.read(path: nil, overrides: overrides))
      }
      let configuration = try Configurations.read(path: name, overrides: overrides)
      return (try Blueprint(configuration).network, configuration)
    } catch {
      throw RunError.unusable(error)
    }
  }

  /// A YAML file that has no layers is no model.
  static func isConfiguration(_ name: String) -> Bool {
    guard name.hasSuffix(".yaml") || name.hasSuffix(".yml"), let text = try? Configurations.contents(of: name),
      let tree = try? YAMLTree(parsing: text, source: name)
    else { return false }
    return tree[key: "layers"] == nil
  }

  /// Plans and prints.
  ///
  /// - Parameters:
  ///   - lanes: the lanes of the rank whose memory is told.
  ///   - train: the optimizer of the step and what is frozen.
  /// - Throws: `RunError` if a layer does not fit its input.
  package static func print(
    _ network: NetworkDescription, options: PlanOptions, lanes: Int, train: TrainConfiguration, evaluation: Bool,
    asJSON: Bool
  ) throws(RunError) {
    let (plan, advice): (StepPlan, MicroBatchAdvice)
    let updates: UpdatePlan
    do {
      let options = try ParameterGroups(train.groups).freezing(options, of: network)
      plan = try Planner.plan(network, options: options)
      updates = train.updates(plan.layout)
      advice = try MicroBatchAdvice(for: network, options: options, update: updates.summary)
    } catch {
      throw RunError.unusable(error)
    }
    let program = evaluation ? plan.evaluation : plan.training
    let step = StepProgram(of: plan, update: updates.summary)
    let memory = RankMemory(plan: plan, lanes: lanes, updates: updates)
    if asJSON {
      if evaluation { printJSON(program, layout: plan.layout) } else { printJSON(step) }
      return Report.json([
        "model": .text(network.name), "micro-batch": .integer(program.batch), "lanes": .integer(lanes),
        "trained-parameters": .integer(plan.layout.trainedCount),
        "frozen-parameters": .integer(plan.layout.parameterCount - plan.layout.trainedCount),
        "exchanged-bytes": .integer(step.exchangedBytes), "arena-bytes": .integer(4 * program.arenaCount),
        "peak-bytes": memory.record, "recommended-micro-batch": .integer(advice.microBatch),
        "recommendation": .text(advice.text),
      ])
    }
    for line in evaluation ? program.listing(layout: plan.layout) : step.listing { Swift.print(line) }
    printSummary(plan, program, network)
    if !evaluation { Swift.print(exchange(of: step)) }
    Swift.print("peak memory of a rank with \(lanes) \(lanes == 1 ? "lane" : "lanes"): \(memory.text)")
    Swift.print("recommended micro-batch: \(advice.text)")
    if !evaluation, options.recompute != .none { try printSavings(plan, network) }
  }

  /// How often the parts of a step run, and what goes from rank to rank.
  private static func exchange(of step: StepProgram) -> String {
    let buckets = step.plan.layout.buckets.count
    return
      "a step: load to backward for each of \(step.plan.options.microBatches) micro-batches; reduce, update and gather for "
      + "\(buckets == 1 ? "one bucket" : "each of \(buckets) buckets"), which are "
      + "\(Display.bytes(step.exchangedBytes)) of gradients to add and as much to give back"
  }

  /// What recomputation gives and takes.
  private static func printSavings(_ plan: StepPlan, _ network: NetworkDescription) throws(RunError) {
    var options = plan.options
    options.recompute = .none
    let plain: Program
    do { plain = try Planner.plan(network, options: options).training } catch { throw RunError.unusable(error) }
    let again = plan.training.instructions.count { $0.pass == .recomputation }
    Swift.print(
      "recompute: \(again) instructions run again, which is "
        + "\(Display.percent(Double(plan.training.recomputedFlops) / Double(max(1, plain.flops)))) more FLOP; the arena has "
        + "\(Display.percent(Double(plan.training.arenaCount) / Double(max(1, plain.arenaCount)))) of the "
        + "\(Display.bytes(4 * plain.arenaCount)) that it has without")
  }

  private static func printSummary(_ plan: StepPlan, _ program: Program, _ network: NetworkDescription) {
    let layout = plan.layout
    let separate = program.slots.reduce(0) { $0 + $1.count }
    Swift.print("")
    Swift.print(
      "\(network.name), micro-batch \(program.batch): \(program.instructions.count) instructions, "
        + "\(Display.decimal(1e-6 * Double(program.flops), 2)) MFLOP for one image")
    Swift.print(
      "arena \(Display.bytes(4 * program.arenaCount)) for each lane (\(Display.bytes(4 * separate)) without sharing memory)"
    )
    let frozen = layout.parameterCount - layout.trainedCount
    Swift.print(
      "flat buffer \(Display.bytes(4 * layout.count)): \(Display.count(layout.trainedCount)) trained parameters, trailer "
        + "\(layout.exchangedCount - layout.parameterEnd) numbers, \(layout.buckets.count) bucket\(layout.buckets.count == 1 ? "" : "s")"
        + (frozen > 0 ? "; behind them \(Display.count(frozen)) frozen parameters" : ""))
    for parameter in layout.parameters {
      let place = "  \(parameter.range.lowerBound) ..< \(parameter.range.upperBound)  \(parameter.name)"
      Swift.print(parameter.isTrainable ? place : place + "  frozen")
    }
  }

  private static func printJSON(_ program: Program, layout: FlatLayout) {
    for index in program.instructions.indices { Report.json(record(index, of: program, layout: layout)) }
  }

  /// The whole step; what is no instruction has no index.
  private static func printJSON(_ step: StepProgram) {
    for item in step.items {
      if case .compute(let index) = item.action {
        Report.json(record(index, of: step.plan.training, layout: step.plan.layout))
      } else {
        Report.json([
          "index": .nothing, "operation": .text(step.name(of: item.action)), "path": "",
          "pass": .text(item.action == .load ? "load" : Pass.exchange.rawValue),
          "bucket": item.action.bucket.map { .integer($0) } ?? .nothing, "bytes": .integer(item.bytes),
          "flops": .integer(item.flops),
        ])
      }
    }
  }

  private static func record(_ index: Int, of program: Program, layout: FlatLayout) -> [String: ReportValue] {
    let instruction = program.instructions[index]
    return [
      "index": .integer(index), "operation": .text(instruction.operation.kind), "path": .text(instruction.path),
      "pass": .text(instruction.pass.rawValue),
      "reads": .list(instruction.reads.map { .text(program[$0].name) }),
      "writes": .list(instruction.writes.map { .text(program[$0].name) }),
      "parameters": .list(instruction.parameters.map { .text(layout[$0].name) }),
      "gradients": .list(instruction.writtenGradients.map { .text(layout[$0].name) }),
      "multiply-adds": .integer(instruction.operation.multiplyAdds),
      "bytes": .integer(program.bytes(of: instruction, layout: layout)),
    ]
  }
}

extension MicroBatchAdvice {
  /// The size and its reason.
  var text: String {
    let share = Display.percent(fixedShare)
    let work =
      "work that does not grow with it (transforming filters, packing weights, adding and using gradients; as fitted on "
      + "\(StepWork.machine))"
    guard fixedShare <= Self.limit else {
      return "\(microBatch), the largest that is considered; \(work) is still about \(share)"
    }
    return
      "\(microBatch), the smallest power of two at which the \(work) is about \(share); a larger one takes more memory "
      + "and leaves fewer micro-batches for ranks and lanes"
  }
}
