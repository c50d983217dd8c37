import Randomness
import StrictYAML

/// A record with one field of each type.
struct Sample: YAMLRecord {
  var count = 1
  var seed: UInt64 = 2
  var rate = 0.5
  var scale: Float = 1
  var active = false
  var title = "none"
  var sizes: [Int] = []
  var limit: Int?
  var color = Color.red
  var shape = Form.dot

  static let fields: [Field<Self>] = [
    Field("count", \.count, "how many", check: { $0 >= 1 ? nil : "must be at least 1" }),
    Field("seed", \.seed, "a seed"), Field("rate", \.rate, "a rate"), Field("scale", \.scale, "a scale"),
    Field("active", \.active, "a switch"), Field("title", \.title, "a text"), Field("sizes", \.sizes, "numbers"),
    Field("limit", \.limit, "a number or nothing"), Field("color", \.color, "a word"),
    Field("shape", \.shape, "one of several kinds"),
  ]
}

enum Color: String, CaseIterable, YAMLValue { case red, green, darkBlue = "dark-blue" }

/// A choice of a kind with fields and one without.
enum Form: YAMLChoice {
  case dot
  case circle(Circle)

  static let subject = "shape"
  static let alternatives: [Alternative<Form>] = [
    Alternative("dot", "nothing to say", Dot.self) { _ in
      .dot
    } extract: {
      $0 == .dot ? Dot() : nil
    },
    Alternative("circle", "round", Circle.self) {
      .circle($0)
    } extract: {
      if case .circle(let it) = $0 { it } else { nil }
    },
  ]
}

struct Dot: YAMLRecord { static let fields: [Field<Self>] = [] }

struct Circle: YAMLRecord {
  var radius = 0.0
  var filled = false

  static let fields: [Field<Self>] = [
    Field("radius", \.radius, "its radius", required: true), Field("filled", \.filled, "whether it is filled"),
  ]

  func problem() -> String? { filled && radius == 0 ? "a filled circle needs a radius" : nil }
}

/// Decodes a sample from text.
func sample(_ text: String) throws -> Sample {
  try Sample(yaml: YAMLCursor(YAMLTree(parsing: text, source: "test.yaml"), source: "test.yaml"))
}

/// What the error says when a sample is decoded from `text`.
func complaint(_ text: String) -> String {
  do {
    return "no error: \(try sample(text))"
  } catch {
    return "\(error)"
  }
}

extension YAMLTree {
  /// The tree without its lines, so that it can be compared with one that was not read from a text.
  var withoutLines: YAMLTree {
    switch content {
    case .scalar: YAMLTree(content)
    case .sequence(let items): YAMLTree(.sequence(items.map(\.withoutLines)))
    case .mapping(let entries): .mapping(entries.map { Entry($0.key, $0.value.withoutLines) })
    }
  }
}

/// A random text of plain letters, YAML's own signs, control characters and others. (No byte-order mark: Yams drops it
/// at the beginning of a text.)
func randomText(_ stream: inout RandomStream) -> String {
  let scalars: [Unicode.Scalar] = [
    "a", "Z", "0", "9", ".", "-", "_", "/", " ", ":", "#", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "'",
    "\"", "%", "@", "`", "\\", "\n", "\r", "\t", "\u{0}", "\u{7F}", "\u{85}", "\u{A0}", "\u{2028}",
    "\u{FFFF}", "é", "漢", "😀", "~", "?", "=", "<", "+",
  ]
  var text = String.UnicodeScalarView()
  for _ in 0..<stream.integer(below: 12) { text.append(scalars[stream.integer(below: scalars.count)]) }
  return String(text)
}
