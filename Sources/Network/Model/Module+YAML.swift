package import StrictYAML

/// How a node is written:
///
///     - relu                                             # a layer with all defaults
///     - {name: conv1, convolution: {channels: 6, kernel: 5}}
///     - {name: layer1, sequential: [ … ]}                # or just a list
///     - branches: {merge: add, of: [[ … ], identity]}
///     - {name: aux, head: {weight: 0.3, layers: [ … ]}}
extension Module: YAMLValue {
  private static let structures = ["sequential", "branches", "head"]

  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    switch cursor.tree.content {
    case .sequence:
      self.init(.sequential(try [Module](yaml: cursor)))
    case .scalar(let word, _):
      guard Layer.alternatives.contains(where: { $0.name == word }) else { throw Module.unknown(word, at: cursor) }
      self.init(.layer(try Layer(yaml: cursor)))
    case .mapping(let entries):
      let name = try cursor.tree[key: "name"].map { tree throws(YAMLError) in
        try Module.checkedName(cursor.at(YAMLTree.Entry("name", tree)))
      }
      let rest = entries.filter { $0.key != "name" }
      self.init(name: name, try Module.body(rest, of: cursor))
    }
  }

  /// The keys below `branches`.
  package static var branchFields: [FieldDocumentation] { BranchesRecord.fields.map(\.documentation) }

  private static func body(_ entries: [YAMLTree.Entry], of cursor: YAMLCursor) throws(YAMLError) -> Body {
    guard entries.count == 1 else {
      let given = entries.map(\.key).joined(separator: ", ")
      throw cursor.failure(
        "must hold one layer (and a name if you like), not \(entries.isEmpty ? "none" : given); "
          + "put a layer's own keys below its kind, as in {convolution: {channels: 6}}")
    }
    let inner = cursor.at(entries[0])
    switch entries[0].key {
    case "sequential": return .sequential(try [Module](yaml: inner))
    case "branches":
      let branches = try BranchesRecord(yaml: inner)
      return .branches(branches.merge, branches.of)
    case "head": return .head(try Head(yaml: inner))
    case let kind where Layer.alternatives.contains { $0.name == kind }:
      return .layer(try Layer(yaml: cursor.with(.mapping(entries))))
    case let kind:
      throw unknown(kind, at: inner)
    }
  }

  private static func unknown(_ word: String, at cursor: YAMLCursor) -> YAMLError {
    cursor.unknown(
      "layer", word, known: structures + Layer.alternatives.map(\.name), synonyms: Layer.synonyms)
  }

  private static func checkedName(_ cursor: YAMLCursor) throws(YAMLError) -> String {
    let name = try String(yaml: cursor)
    let isPlain = name.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-.".unicodeScalars.contains($0))
    }
    guard isPlain, name.count <= 200 else {
      throw cursor.failure("may hold letters, digits, '_', '-' and '.', at most 200, not '\(name)'")
    }
    return name
  }

  package var yaml: YAMLTree { yaml(.brief) }

  package func yaml(_ detail: YAMLDetail) -> YAMLTree {
    let own: YAMLTree.Entry
    switch body {
    case .layer(let layer):
      let (kind, record) = layer.alternative(detail)
      if name == nil { return layer.yaml(detail) }
      own = YAMLTree.Entry(kind, record)
    case .sequential(let nodes):
      if name == nil { return nodes.yaml(detail) }
      own = YAMLTree.Entry("sequential", nodes.yaml(detail))
    case .branches(let merge, let nodes):
      var record = BranchesRecord()
      record.merge = merge
      record.of = nodes
      own = YAMLTree.Entry("branches", record.yaml(detail))
    case .head(let head):
      own = YAMLTree.Entry("head", detail == .brief ? head.briefYAML : head.yaml(.full))
    }
    let named = name.map { [YAMLTree.Entry("name", $0.yaml)] } ?? []
    return .mapping(named + [own])
  }

  package static var yamlForm: String { "layer | {name, layer} | [layer, …]" }
}

extension Module.Merge: YAMLValue {}

/// The keys below `branches`.
private struct BranchesRecord: ModelRecord {
  var merge = Module.Merge.add
  var of: [Module] = []

  static let fields: [Field<Self>] = [
    Field("merge", \.merge, "how the branches' outputs become one", required: true),
    Field("of", \.of, "the branches", required: true, check: { $0.count >= 2 ? nil : "needs at least two branches" }),
  ]
}
