import Randomness
import StrictYAML
import Testing

/// Every mistake is refused with its place and a remedy.
struct StrictnessTests {
  @Test(arguments: [
    ("count: 1\nratte: 2\n", "test.yaml:2: ratte: unknown key 'ratte'; did you mean 'rate'?"),
    (
      "weather: 2",
      "test.yaml:1: weather: unknown key 'weather'; known are count, seed, rate, scale, active, title, sizes, limit, "
        + "color, shape"
    ),
    ("count: many", "test.yaml:1: count: must be an integer, not 'many'"),
    ("count: 1.5", "test.yaml:1: count: must be an integer, not '1.5'"),
    ("count: [1]", "test.yaml:1: count: must be an integer, not a list"),
    ("count: 99999999999999999999", "test.yaml:1: count: must be an integer, not '99999999999999999999'"),
    ("\ncount: 0", "test.yaml:2: count: must be at least 1, not 0"),
    ("seed: -1", "test.yaml:1: seed: must be an integer from 0 to 2^64 - 1, not '-1'"),
    ("rate: .nan", "test.yaml:1: rate: must be a finite number, not '.nan'"),
    ("rate: inf", "test.yaml:1: rate: must be a finite number, not 'inf'"),
    ("rate: 0x10", "test.yaml:1: rate: must be a finite number, not '0x10'"),
    ("rate: -0x10", "test.yaml:1: rate: must be a finite number, not '-0x10'"),
    ("scale: 1e39", "test.yaml:1: scale: must be below 3.4e38, not 1e+39"),
    ("active: yes", "test.yaml:1: active: must be true or false, not 'yes'"),
    ("title: {a: 1}", "test.yaml:1: title: must be a text, not a mapping"),
    ("sizes: 3", "test.yaml:1: sizes: must be a list, not '3'"),
    ("sizes:\n- 1\n- x", "test.yaml:3: sizes[1]: must be an integer, not 'x'"),
    ("color: gren", "test.yaml:1: color: unknown value 'gren'; did you mean 'green'?"),
    ("shape: cirle", "test.yaml:1: shape: unknown shape 'cirle'; did you mean 'circle'?"),
    ("shape: circle", "test.yaml:1: shape.circle: the key 'radius' is missing (its radius)"),
    ("shape: {circle: {radius: 0, filled: true}}", "test.yaml:1: shape.circle: a filled circle needs a radius"),
    ("shape: {dot: {size: 3}}", "test.yaml:1: shape.dot.size: unknown key 'size'; nothing can be set here"),
    ("shape: [dot]", "test.yaml:1: shape: must be one shape, not a list"),
    ("[1, 2]", "test.yaml:1: must be a mapping, not a list"),
    ("count: 1\ncount: 2", "test.yaml: is not valid YAML: line 1: the key 'count' is given twice"),
    ("{a: 1}: 2", "test.yaml:1: a key must be a word, not a list or a mapping"),
  ])
  func `the message says what, where and the remedy`(text: String, message: String) {
    #expect(complaint(text) == message)
  }

  @Test
  func `two kinds of one choice are refused`() {
    #expect(complaint("shape: {dot: {}, circle: {radius: 1}}").contains("needs exactly one shape, not dot, circle"))
    #expect(complaint("shape: {}").contains("needs exactly one shape, not none"))
  }

  @Test(arguments: ["a: [1", "a: 'b", "\t- a", "a: b: c", "*nowhere", "a: 1\n---\nb: 2", "\u{0}", "%YAML 9.9\n---\n"])
  func `what is no YAML is refused with the file's name`(text: String) {
    #expect(complaint(text).hasPrefix("test.yaml"))
  }

  @Test
  func `an empty document is an empty mapping`() throws {
    #expect(try YAMLTree(parsing: "", source: "test.yaml") == .empty)
    #expect(try sample("# nothing\n") == Sample())
  }

  @Test
  func `nothing stands for nil and for all defaults`() throws {
    #expect(try sample("limit: null").limit == nil)
    #expect(try sample("limit: ~").limit == nil)
    #expect(try sample("limit:").limit == nil)
    #expect(try sample("shape: {dot: null}").shape == .dot)
    #expect(try sample("shape:\n  dot:\n").shape == .dot)
  }

  @Test(arguments: [("convolutoin", "convolution"), ("relu6", "relu"), ("xyz", nil), ("", nil)])
  func `the nearest known word is suggested`(word: String, known: String?) {
    #expect(Suggestion.nearest(to: word, among: ["convolution", "relu", "dense"]) == known)
  }
}

/// Single values are replaced by their path, as `--set` does.
struct SettingTests {
  private let tree = try? YAMLTree(parsing: "a: 1\nb: {c: 2, d: [3, {e: 4}]}", source: "test.yaml").withoutLines

  @Test(arguments: [
    (["a"], "{a: 9, b: {c: 2, d: [3, {e: 4}]}}"),
    (["b", "c"], "{a: 1, b: {c: 9, d: [3, {e: 4}]}}"),
    (["b", "d", "0"], "{a: 1, b: {c: 2, d: [9, {e: 4}]}}"),
    (["b", "d", "1", "e"], "{a: 1, b: {c: 2, d: [3, {e: 9}]}}"),
    (["a", "x", "z"], "{a: {x: {z: 9}}, b: {c: 2, d: [3, {e: 4}]}}"),
    (["new", "key"], "{a: 1, b: {c: 2, d: [3, {e: 4}]}, new: {key: 9}}"),
    ([], "9"),
  ])
  func `only the value at the path changes`(path: [String], expected: String) throws {
    let changed = try #require(tree).setting(path[...], to: 9.yaml)
    #expect(changed.inline.replacing("\"", with: "") == expected)
  }
}

/// No document crashes or hangs the reader.
struct HostileDocumentTests {
  @Test(.timeLimit(.minutes(4)), arguments: UInt64(0)..<500)
  func `random bytes are read or refused`(seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .testing)
    let signs = Array("\n\n  --:?[]{},&*!|>'\"%#@`\\ab1\t~.<\u{FF}\u{0}".utf8)
    let bytes = (0..<stream.integer(below: 80)).map { _ in
      stream.integer(below: 10) == 0 ? UInt8(stream.integer(below: 256)) : signs[stream.integer(below: signs.count)]
    }
    _ = complaint(String(decoding: bytes, as: UTF8.self))
  }

  @Test(.timeLimit(.minutes(4)), arguments: UInt64(0)..<200)
  func `a damaged document is read or refused`(seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .testing)
    var bytes = Array("count: 3\nsizes: [1, 2]\nshape: {circle: {radius: 2.5}}\ntitle: \"a b\"\n".utf8)
    for _ in 0...stream.integer(below: 4) {
      bytes[stream.integer(below: bytes.count)] = UInt8(stream.integer(below: 256))
    }
    _ = complaint(String(decoding: bytes, as: UTF8.self))
  }

  @Test(
    .timeLimit(.minutes(4)),
    arguments: ["[", "{", "[{a: ", "- ", "? ", "a:\n- ", "{? ", "\u{2028}- ", "[\n", "- [", "!!seq [", "&a ["])
  func `deep nesting is refused`(opening: String) {
    let text = String(repeating: opening, count: 100_000)
    #expect(complaint(text).hasPrefix("test.yaml"))
  }

  @Test(.timeLimit(.minutes(4)))
  func `deep indentation is refused`() {
    let stairs = (0..<2_000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
    #expect(complaint(stairs).hasPrefix("test.yaml"))
    let allowed = (0..<900).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
    #expect(complaint(allowed).contains("nests them more than 200 deep"))
    let closed = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
    #expect(complaint("sizes: \(closed)").contains("nests them more than 200 deep"))
  }

  @Test(.timeLimit(.minutes(4)))
  func `aliases that multiply are refused`() {
    let rows = (1..<12).map { row in
      let uses = repeatElement("*a\(row - 1)", count: 9).joined(separator: ", ")
      return "a\(row): &a\(row) [\(uses)]\n"
    }
    #expect(complaint("a0: &a0 x\n" + rows.joined()).contains("aliases of aliases"))
  }
}
