import Testing

/// The arrows between the targets.
@Suite struct ArrowTests {
  @Test func `every import is in the table`() throws {
    var problems: [String] = []
    for source in try Repository.sources(in: "Sources") {
      for module in ImportList.modules(in: source.text) {
        if let problem = HouseTable.problem(module, in: source.target) { problems.append("\(source.path): \(problem)") }
      }
    }
    #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
  }

  @Test func `every arrow of the table is an import of some file`() throws {
    let sources = try Repository.sources(in: "Sources")
    var imported: [String: Set<String>] = [:]
    for source in sources { imported[source.target, default: []].formUnion(ImportList.modules(in: source.text)) }
    for row in HouseTable.rows {
      let idle = row.imports.subtracting(imported[row.target] ?? []).subtracting(HouseTable.linkedOnly)
      #expect(idle.isEmpty, "no file of \(row.target) imports \(idle.sorted()): take them out of the table")
    }
  }

  @Test func `imports are found at all`() throws {
    let sources = try Repository.sources(in: "Sources")
    let modules = Set(sources.flatMap { ImportList.modules(in: $0.text) })
    for module in ["CMPI", "COpenBLAS", "CKernels", "Yams", "ArgumentParser", "CCrypto", "Network"] {
      #expect(modules.contains(module), "no file imports \(module): does the parser see the sources?")
    }
  }

  @Test func `arrows point one way`() {
    var above: Set<String> = []
    for row in HouseTable.rows {
      let upward = row.imports.subtracting(above).subtracting(HouseTable.packages)
      #expect(upward.isEmpty, "\(row.target) may import \(upward.sorted()), which stand below it")
      above.insert(row.target)
    }
  }

  @Test(arguments: [
    ("CMPI", ["MPITransport"]), ("COpenBLAS", ["Kernels"]), ("CKernels", ["Kernels"]), ("Yams", ["StrictYAML"]),
    ("ArgumentParser", ["cnn-dist"]), ("CCrypto", ["Hashing"]), ("CXXHash", ["Hashing"]),
    ("MPITransport", ["cnn-dist"]),
    ("Training", ["Diagnostics", "cnn-dist"]), ("Diagnostics", ["cnn-dist"]), ("Reference", ["Diagnostics"]),
    ("CJPEG", ["Datasets"]), ("CPNG", ["Datasets"]),
  ])
  func `some modules have one user`(module: String, users: [String]) {
    #expect(HouseTable.rows.filter { $0.imports.contains(module) }.map(\.target) == users)
  }

  @Test func `table, folders and manifest name the same targets`() throws {
    let table = HouseTable.rows.map(\.target).sorted()
    #expect(try Repository.folders(in: "Sources") == table)
    #expect(try Manifest(Repository.text("Package.swift")).targets.map(\.name).sorted() == table)
  }

  @Test func `the manifest declares the arrows of the table, no more and no less`() throws {
    for target in try Manifest(Repository.text("Package.swift")).targets {
      let allowed = HouseTable.row(target.name)?.imports ?? []
      let more = target.dependencies.subtracting(allowed).sorted()
      #expect(more.isEmpty, "Package.swift: \(target.name) depends on \(more), which the table forbids")
      let less = allowed.subtracting(target.dependencies).sorted()
      #expect(less.isEmpty, "Package.swift: \(target.name) does not name \(less), which the table allows")
    }
  }
}
