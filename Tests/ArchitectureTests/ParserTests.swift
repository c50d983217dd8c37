import Testing

/// The readers of the other tests, on samples that they must not be fooled by.
@Suite struct ParserTests {
  @Test(arguments: [
    ("import A", ["A"]),
    ("  package import A\ninternal import B\nfileprivate import C", ["A", "B", "C"]),
    ("@preconcurrency import A", ["A"]),
    ("@preconcurrency package import A", ["A"]),
    ("@_spi(Inner) @preconcurrency\nimport A", ["A"]),
    ("import struct A.B", ["A"]),
    ("import func A.Inner.f", ["A"]),
    ("import A.Inner", ["A"]),
    ("import A; import B", ["A", "B"]),
    ("import A  // import B", ["A"]),
    ("/* import A\n import B */ import C", ["C"]),
    ("/* outer /* import A */ import B */\nimport C", ["C"]),
    ("let text = \"\"\"\nimport A\n\"\"\"\nimport B", ["B"]),
    ("let text = #\"\"\"\n\"\"\" \nimport A\n\"\"\"#\nimport B", ["B"]),
    ("let text = \"\\\"\"\nimport A", ["A"]),
    ("let text = \"\\(f(\"a)\"))\"\nimport A", ["A"]),
    ("#if canImport(A)\nimport A\n#endif", ["A"]),
    ("let important = 1\nimportant.imports(A)", []),
    ("\timport\tA\r\nimport B\r\n", ["A", "B"]),
  ])
  func `every form of an import is read`(source: String, modules: [String]) {
    #expect(ImportList.modules(in: source) == modules)
  }

  @Test(arguments: [
    ("CMPI", "Training"), ("Training", "Kernels"), ("MPITransport", "Training"), ("Kernels", "Reference"),
    ("COpenBLAS", "Engine"), ("Yams", "Network"), ("Crypto", "Interchange"), ("Engine", "Collectives"),
    ("Network", "Kernels"), ("StrictYAML", "Operators"),
    ("Network", "Nowhere"), ("Glibc", "Kernels"),
  ])
  func `forbidden imports are seen`(module: String, target: String) {
    #expect(HouseTable.problem(module, in: target) != nil)
  }

  @Test(arguments: [
    ("public struct A {}", 1), ("@frozen public enum A {}", 1), ("let a = try! f()", 1), ("let a = b as! C", 1),
    ("@testable import A", 1), ("let a = \"\\(try! f())\"", 1), ("public let a = try! f() as! C", 3),
    ("// public, try! and as!", 0), ("let a = \"public try! as!\"", 0), ("let a = try? f() as? C", 0),
    ("let a = level.public", 0), ("let republic = 1", 0), ("if try !f() { }", 0),
  ])
  func `offences against the rules are counted`(source: String, count: Int) {
    #expect(HouseRules.problems(in: source).count == count)
  }

  @Test(arguments: [
    ("unsafe f()", true), ("f(unsafe pointer)", true), ("for unsafe x in y {}", true), ("@unsafe struct A {}", true),
    ("\"\\(unsafe f())\"", true), ("nonisolated(unsafe) var a = 1", true), ("// unsafe f()", false),
    ("let a = \"unsafe\"", false), ("UnsafePointer<Int>", false), ("unsafely()", false),
  ])
  func `the word unsafe is seen where it is a keyword`(source: String, isUsed: Bool) {
    #expect(HouseRules.usesUnsafe(source) == isUsed)
  }

  @Test func `the manifest is read as it is written`() throws {
    let targets = try Manifest(
      """
      .systemLibrary(name: "C", pkgConfig: "c", providers: [.apt(["libc-dev"])]),
      .target(name: "A"),
      .target(
        name: "B", dependencies: ["A", yams,
          "C"], swiftSettings: strict),
      .target(name: "Support", dependencies: ["A"], path: "Tests/Support"),
      .testTarget(name: "ATests", dependencies: ["A"]),
      """
    ).targets
    #expect(targets.map(\.name) == ["C", "A", "B"])
    #expect(targets.map(\.dependencies) == [[], [], ["A", "Yams", "C"]])
  }
}
