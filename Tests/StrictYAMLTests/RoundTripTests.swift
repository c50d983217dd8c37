import Randomness
import StrictYAML
import Testing

/// What is written is read back as it was.
struct RoundTripTests {
  @Test(arguments: UInt64(0)..<300)
  func `a random record survives`(seed: UInt64) throws {
    var stream = RandomStream(seed: seed, purpose: .testing)
    var record = Sample()
    record.count = 1 + stream.integer(below: 1 << 30)
    record.seed = UInt64(stream.next()) << 32 | UInt64(stream.next())
    record.rate = stream.uniform(in: -1e6..<1e6)
    record.scale = stream.uniform() * 1e-3
    record.active = stream.integer(below: 2) == 0
    record.title = randomText(&stream)
    record.sizes = (0..<stream.integer(below: 60)).map { _ in Int(stream.next()) - Int(UInt32.max / 2) }
    record.limit = stream.integer(below: 2) == 0 ? nil : Int(stream.next())
    record.color = Color.allCases[stream.integer(below: 3)]
    var circle = Circle()
    circle.radius = stream.normal()
    record.shape = stream.integer(below: 2) == 0 ? .dot : .circle(circle)
    #expect(try sample(record.yaml.text) == record, "\(record.yaml.text)")
    #expect(try sample(record.briefYAML.text) == record, "\(record.briefYAML.text)")
  }

  @Test(arguments: UInt64(0)..<300)
  func `a random tree survives`(seed: UInt64) throws {
    var stream = RandomStream(seed: seed, purpose: .testing)
    let tree = YAMLTree.mapping(randomEntries(&stream, depth: 4))
    #expect(try YAMLTree(parsing: tree.text, source: "test.yaml").withoutLines == tree, "\(tree.text)")
  }

  /// Found by Tests/fuzz: below a key that fills a line an empty list had become null.
  @Test func `empty values survive however long the line`() throws {
    for empty in [YAMLTree(.sequence([])), .empty, YAMLTree(.sequence([.empty, YAMLTree(.sequence([]))]))] {
      for inner in [empty, YAMLTree(.sequence([empty])), .mapping([.init(String(repeating: "k", count: 120), empty)])] {
        let tree = YAMLTree.mapping([.init(String(repeating: "x", count: 120), inner), .init("y", .word("1"))])
        #expect(try YAMLTree(parsing: tree.text, source: "test.yaml").withoutLines == tree, "\(tree.text)")
      }
    }
  }

  /// Found by Tests/fuzz.
  @Test(arguments: ["1: a\n\"1\": b\n", "a: 1\n!x a: 2\n"]) func `a key is not given twice under two tags`(text: String)
  {
    #expect(throws: YAMLError.self) { try YAMLTree(parsing: text, source: "test.yaml") }
  }

  private func randomEntries(_ stream: inout RandomStream, depth: Int) -> [YAMLTree.Entry] {
    (0..<1 + stream.integer(below: 4)).map { index in
      YAMLTree.Entry("\(index)\(randomText(&stream))", randomTree(&stream, depth: depth - 1))
    }
  }

  private func randomTree(_ stream: inout RandomStream, depth: Int) -> YAMLTree {
    switch stream.integer(below: depth > 0 ? 4 : 2) {
    case 0: Int(stream.next()).yaml
    case 1: randomText(&stream).yaml
    case 2: YAMLTree(.sequence((0..<stream.integer(below: 4)).map { _ in randomTree(&stream, depth: depth - 1) }))
    default: .mapping(randomEntries(&stream, depth: depth))
    }
  }

  @Test(arguments: [
    "", "null", "~", "true", "Yes", "no", "y", "1", "1e5", "0x10", ".nan", ".inf", "-.INF", "nan", "...", "---", "- a",
    "a: b", "a #b", "#", "&a", "*a", "!t", "|", ">", "'", "\"", "%", "@", "`", "{", "[a", " a", "a ", "a\nb", "?", "=",
    "é", "\u{0}", "\u{1B}", "\u{85}", "\u{2028}", "C:\\temp", "/data/x.bin", "a-b_c.d", "1_000", "12:30:45",
  ])
  func `a text that looks like something else stays a text`(text: String) throws {
    var record = Sample()
    record.title = text
    #expect(try sample(record.yaml.text).title == text)
    let tree = try YAMLTree(parsing: "a: \(text.yaml.inline)", source: "test.yaml")
    let isQuoted = if case .scalar(_, true)? = tree[key: "a"]?.content { true } else { false }
    let isWord = ["/data/x.bin", "a-b_c.d"].contains(text)
    #expect(isQuoted != isWord)
  }

  @Test
  func `only what differs from the defaults is written briefly`() {
    var record = Sample()
    #expect(record.briefYAML.inline == "{}")
    record.limit = 3
    record.color = .darkBlue
    #expect(record.briefYAML.inline == "{limit: 3, color: dark-blue}")
    #expect(Form.dot.yaml.inline == "dot")
    #expect(Form.circle(Circle()).yaml.inline == "{circle: {radius: 0}}")
  }
}
