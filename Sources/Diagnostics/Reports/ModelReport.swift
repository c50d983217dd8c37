package import Network
import Operators
package import Training

/// What `models` prints.
package enum ModelReport {
  /// The list of built-in models.
  package static func printList(asJSON: Bool) {
    let models = Zoo.models.map { model in
      (model, (try? model.network.layerTable())?.reduce(0) { $0 + $1.parameterCount } ?? 0)
    }
    if asJSON {
      for (model, parameters) in models {
        Report.json([
          "name": .text(model.name), "summary": .text(model.summary), "parameters": .integer(parameters),
          "input": .text(model.usual.input.description), "classes": .integer(model.usual.classes),
        ])
      }
      return
    }
    Report.table(
      ["model", "parameters", "input", "classes", "what it is"],
      models.map { model, parameters in
        [
          model.name, Display.count(parameters), model.usual.input.description, String(model.usual.classes),
          model.summary,
        ]
      }, text: [0, 2, 4])
  }

  /// The layer table of one model.
  ///
  /// - Throws: `RunError` if a layer does not fit its input.
  package static func print(_ network: NetworkDescription, asJSON: Bool) throws(RunError) {
    let rows: [LayerRow]
    do { rows = try network.layerTable() } catch { throw RunError.unusable(error) }
    if asJSON {
      for row in rows { Report.json(row.record) }
      return
    }
    Report.table(
      ["layer", "kind", "output", "neurons", "parameters", "receptive field", "MFLOP"],
      rows.map { row in
        [
          row.path, row.kind, row.output.description, Display.count(row.output.count),
          Display.count(row.parameterCount), row.receptiveField.map(\.description) ?? "all",
          Display.decimal(2e-6 * Double(row.multiplyAdds), 3),
        ]
      }, text: [0, 1, 2])
    let parameters = rows.reduce(0) { $0 + $1.parameterCount }
    let neurons = rows.reduce(0) { $0 + $1.output.count }
    let flops = rows.reduce(0) { $0 + 2 * $1.multiplyAdds }
    Swift.print(
      "\(network.name), input \(network.input): \(Display.count(parameters)) parameters, \(Display.count(neurons)) neurons, "
        + "\(Display.decimal(1e-6 * Double(flops), 2)) MFLOP forward for one image")
  }
}

extension LayerRow {
  fileprivate var record: [String: ReportValue] {
    [
      "layer": .text(path), "kind": .text(kind), "input": .text(input.description),
      "output": .text(output.description), "neurons": .integer(output.count),
      "parameters": .integer(parameterCount),
      "receptive-field": receptiveField.map { .list([.integer($0.height), .integer($0.width)]) } ?? .nothing,
      "multiply-adds": .integer(multiplyAdds),
    ]
  }
}
