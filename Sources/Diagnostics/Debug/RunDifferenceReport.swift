package import Training

extension RunDifference {
  /// Prints what was found.
  ///
  /// - Throws: `RunError` with code `failed` if the runs differ.
  package func report(asJSON: Bool) throws(RunError) {
    if asJSON { Report.json(record) } else { printText() }
    guard isDifferent else { return }
    let place = step.map { "in step \($0): \(parting ?? "")" } ?? "in what their ledgers do not cover"
    throw RunError(.failed, "the runs part \(place)")
  }

  private func printText() {
    for sentence in identity { print("made of other things: \(sentence)") }
    let verdict = step.map { "the runs part in step \($0): \(parting ?? "")" }
    print(verdict ?? "the ledgers are equal in the \(Display.count(commonSteps)) steps that both have")
    for sentence in findings { print(sentence) }
    for tensor in tensors.prefix(10) { print("\(tensor == tensors[0] ? "first tensor" : "then")  \(tensor.text)") }
    if tensors.count > 10 { print("and \(tensors.count - 10) more tensors") }
  }

  private var record: [String: ReportValue] {
    let list = tensors.map { tensor in
      ReportValue.record([
        "kind": .text(tensor.kind.rawValue), "layer": .text(tensor.layer), "name": .text(tensor.name),
        "elements": .integer(tensor.count), "differing": .integer(tensor.differing), "index": .integer(tensor.index),
        "a": .number(Double(tensor.values[0])), "b": .number(Double(tensor.values[1])),
      ])
    }
    return [
      "different": .truth(isDifferent), "identity": .list(identity.map { .text($0) }),
      "common-steps": .integer(commonSteps), "step": step.map { .integer($0) } ?? .nothing,
      "parting": parting.map { .text($0) } ?? .nothing, "findings": .list(findings.map { .text($0) }),
      "tensors": .list(list),
    ]
  }
}
