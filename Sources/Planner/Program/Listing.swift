import Network


extension Program {
  /// The program as text, one instruction a line: number, operation, layer, the slots with their places in the arena
  /// (in KiB), and the arithmetic for one sample. What is computed a second time is marked with "again".
  package func listing(layout: FlatLayout) -> [String] {
    instructions.enumerated().map { index, instruction in
      let number = String(index).padded(to: 4, right: true)
      let kind = instruction.operation.kind + (instruction.pass == .recomputation ? " again" : "")
      let head = "\(number)  \(kind.padded(to: 24)) \(instruction.path.padded(to: 24))"
      return "\(head) \(operands(of: instruction, layout: layout))".trimmed
    }
  }

  private func operands(of instruction: Instruction, layout: FlatLayout) -> String {
    if case .bucketComplete(let bucket) = instruction.operation {
      let range = layout.buckets[bucket]
      return "gradients \(range.lowerBound) ..< \(range.upperBound) go to the exchange"
    }
    let inputs = instruction.reads.map(place) + instruction.parameters.map { layout[$0].description.name }
    let outputs = instruction.writes.map(place) + instruction.gradients.map { "d\(layout[$0].description.name)" }
    let flops = instruction.operation.multiplyAdds
    let work = flops > 0 ? "  \(Double(2 * flops / 10_000) / 100) MFLOP" : ""
    return "\(inputs.joined(separator: ", ")) → \(outputs.joined(separator: ", "))\(work)"
  }

  private func place(_ id: SlotID) -> String {
    let slot = self[id]
    let name = slot.name.split(separator: " ").last.map(String.init) ?? slot.name
    return id == images ? name : "\(name)@\(slot.offset * 4 / 1024)K"
  }
}

extension String {
  /// The text filled up with spaces to `width` characters.
  fileprivate func padded(to width: Int, right: Bool = false) -> String {
    let fill = String(repeating: " ", count: max(0, width - count))
    return right ? fill + self : self + fill
  }

  fileprivate var trimmed: String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
