import Network

extension StepProgram {
  /// The step as text, one action a line. Instructions have a number, their operation and layer, the slots with their
  /// offsets in the arena (in KiB), the arithmetic for one sample and the bytes for the micro-batch; what is computed a
  /// second time is marked with "again". The rest has what it works on and its bytes.
  package var listing: [String] {
    items.map { item in
      if case .compute(let index) = item.action { return plan.training.line(index, layout: plan.layout) }
      let bucket = item.action.bucket.map { "bucket \($0)" } ?? ""
      return ["", name(of: item.action), bucket, summary(of: item.action) + item.bytes.bytesText].asLine
    }
  }

  /// The word for an action in tables.
  package func name(of action: Action) -> String {
    switch action {
    case .load: "load"
    case .compute(let index): plan.training.instructions[index].operation.kind
    case .reduce: "reduce"
    case .update: "update \(update.name)"
    case .average: "average"
    case .gather: "gather"
    case .metrics: "metrics"
    }
  }

  /// What goes in and what comes out.
  private func summary(of action: Action) -> String {
    let layout = plan.layout
    switch action {
    case .load: return loaded
    case .compute(let index): return plan.training.instructions[index].path
    case .reduce: return "gradients of \(plan.options.microBatches) micro-batches, added in a fixed tree → sum"
    case .update(let bucket):
      let values = (["weights"] + update.stateNames).joined(separator: ", ")
      return "sum, \(values) → \(values) of \(layout.trainedCount(in: bucket)) parameters"
    case .average(let bucket):
      return "sum → \(layout.updatedStatisticsCount(in: bucket)) running means and variances"
    case .gather(let bucket):
      return "\(layout.buckets[bucket].lowerBound) ..< \(layout.buckets[bucket].upperBound) → every rank"
    case .metrics: return "loss, correct, samples, votes to stop and to save, digests"
    }
  }

  private var loaded: String {
    let program = plan.training
    let labels = program.labels == nil ? [] : ["labels"]
    return "\(program.batch) samples → \((["images"] + labels + program.targets.map(\.name)).joined(separator: ", "))"
  }
}

extension Program {
  /// The program as text, one instruction a line, as in a step's listing.
  package func listing(layout: FlatLayout) -> [String] {
    instructions.indices.map { line($0, layout: layout) }
  }

  /// The line of one instruction.
  fileprivate func line(_ index: Int, layout: FlatLayout) -> String {
    let instruction = instructions[index]
    let kind = instruction.operation.kind + (instruction.pass == .recomputation ? " again" : "")
    let bytes = bytes(of: instruction, layout: layout)
    let work = instruction.pass == .exchange ? "" : bytes.bytesText
    return [String(index), kind, instruction.path, operands(of: instruction, layout: layout) + work].asLine
  }

  private func operands(of instruction: Instruction, layout: FlatLayout) -> String {
    if case .bucketComplete(let bucket) = instruction.operation {
      let range = layout.buckets[bucket]
      return "gradients \(range.lowerBound) ..< \(range.upperBound) go to the exchange"
    }
    let inputs = instruction.reads.map(slotText) + instruction.parameters.map { layout[$0].description.name }
    let outputs =
      instruction.writes.map(slotText) + instruction.writtenGradients.map { "d\(layout[$0].description.name)" }
    let flops = instruction.operation.multiplyAdds
    let work = flops > 0 ? "  \(Double(2 * flops / 10_000) / 100) MFLOP" : ""
    return "\(inputs.joined(separator: ", ")) → \(outputs.joined(separator: ", "))\(work)"
  }

  private func slotText(_ id: SlotID) -> String {
    let slot = self[id]
    let name = slot.name.split(separator: " ").last.map(String.init) ?? slot.name
    return id == images ? name : "\(name)@\(slot.offset * 4 / 1024)K"
  }
}

extension [String] {
  /// Number, what is done, where, and with what, in columns.
  fileprivate var asLine: String {
    let line = "\(self[0].padded(to: 4, right: true))  \(self[1].padded(to: 34)) \(self[2].padded(to: 24)) \(self[3])"
    return String(line.reversed().drop { $0 == " " }.reversed())
  }
}

extension Int {
  /// So many bytes, in KiB.
  fileprivate var bytesText: String { "  \(Double(self * 10 / 1024) / 10) KiB" }
}

extension String {
  /// The text filled up with spaces to `width` characters.
  fileprivate func padded(to width: Int, right: Bool = false) -> String {
    let fill = String(repeating: " ", count: Swift.max(0, width - count))
    return right ? fill + self : self + fill
  }
}
