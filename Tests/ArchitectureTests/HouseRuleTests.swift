import Testing

/// The rules of the house, on the real sources.
@Suite struct HouseRuleTests {
  @Test(arguments: ["Sources", "Tests"])
  func wordsOfTheHouse(folder: String) throws {
    var problems: [String] = []
    for source in try Repository.sources(in: folder) {
      problems += HouseRules.problems(in: source.text).map { "\(source.path): \($0)" }
    }
    #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
  }

  @Test func unsafeStandsWhereTheListSays() throws {
    let users = try Repository.sources(in: "Sources").filter { HouseRules.usesUnsafe($0.text) }.map(\.path)
    let strangers = users.filter { UnsafeList.entry(for: $0) == nil }
    #expect(strangers.isEmpty, "unsafe is used outside of the list: \(strangers.joined(separator: ", "))")
    let used = Set(users.compactMap(UnsafeList.entry))
    let idle = UnsafeList.entries.map(\.path).filter { !used.contains($0) }
    #expect(idle.isEmpty, "the list has entries that no file needs: \(idle.joined(separator: ", "))")
  }
}
