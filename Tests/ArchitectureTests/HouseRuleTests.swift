import Testing

/// The rules of the house, on the real sources.
@Suite struct HouseRuleTests {
  @Test(arguments: ["Sources", "Tests"])
  func `sources keep the rules of the house`(folder: String) throws {
    var problems: [String] = []
    for source in try Repository.sources(in: folder) {
      problems += HouseRules.problems(in: source.text).map { "\(source.path): \($0)" }
    }
    #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
  }

  @Test func `unsafe stands where the list says`() throws {
    let users = try Repository.sources(in: "Sources").filter { HouseRules.usesUnsafe($0.text) }.map(\.path)
    let strangers = users.filter { UnsafeList.entry(for: $0) == nil }
    #expect(strangers.isEmpty, "unsafe is used outside of the list: \(strangers.joined(separator: ", "))")
    let used = Set(users.compactMap(UnsafeList.entry))
    let idle = UnsafeList.entries.map(\.path).filter { !used.contains($0) }
    #expect(idle.isEmpty, "the list has entries that no file needs: \(idle.joined(separator: ", "))")
  }

  @Test func `what other targets can see has a comment`() throws {
    let sources = try Repository.sources(in: "Sources")
    let rule = DocumentationRule(sources.map(\.text))
    let problems = sources.flatMap { source in rule.problems(in: source.text).map { "\(source.path):\($0)" } }
    #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
  }

  @Test(arguments: [
    ("package let a = 1", 1), ("/// One.\npackage let a = 1", 0), ("let a = 1\nprivate func f() {}", 0),
    ("/// F.\n@discardableResult\npackage static func f() {}", 0), ("package func f(\n  a: Int, _ b: [Int]\n) {}", 1),
    ("protocol P {\n  func f(a: Int, _ b: (Int) -> Void)\n}\npackage func f(a: Int, _ b: Int) {}", 1),
    ("protocol P {\n  /// F.\n  func f(a: Int)\n}\npackage func f(a: Int) {}\npackage func f(b: Int) {}", 1),
    ("package init(from decoder: any Decoder) {}\npackage static func == (a: A, b: A) -> Bool { true }", 0),
    ("package var steps = 1\nstatic let fields = [Field(\n  \"steps\", \\.steps, \"how many\")]", 0),
    ("let text = \"\"\"\n  package var a = 1\n  \"\"\"", 0),
  ])
  func `the rule of comments finds what lacks one, and nothing else`(source: String, count: Int) {
    let problems = DocumentationRule([source]).problems(in: source)
    #expect(problems.count == count, "\(problems) in \(source)")
  }

  @Test(arguments: ["Sources", "Tests"])
  func `no line is wider than the house allows`(folder: String) throws {
    let sources = try Repository.sources(in: folder)
    let problems = sources.filter { source in !HouseRules.wideFolders.contains { source.path.hasPrefix($0) } }
      .flatMap { source in HouseRules.wideLines(in: source.text).map { "\(source.path):\($0)" } }
    #expect(problems.isEmpty, "wider than \(HouseRules.width) columns: \(problems.joined(separator: ", "))")
  }
}
