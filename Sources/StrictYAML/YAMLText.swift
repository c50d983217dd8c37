import Yams

extension YAMLTree {
  /// Reads a document; an empty one is an empty mapping.
  ///
  /// - Parameters:
  ///   - text: the YAML text (YAML 1.2 as Yams and LibYAML read it).
  ///   - source: the file's name, for messages.
  /// - Throws: `YAMLError` with the line at which the text stops being YAML.
  package init(parsing text: String, source: String) throws(YAMLError) {
    do {
      guard let node = try Yams.compose(yaml: text) else {
        self = .empty
        return
      }
      var budget = Self.valueLimit
      self = try YAMLTree(node, source: source, budget: &budget)
    } catch let error as YAMLError {
      throw error
    } catch let error as YamlError {
      throw YAMLError("\(source): is not valid YAML: \(Self.summary(of: error))")
    } catch {
      throw YAMLError("\(source): is not valid YAML: \(error)")
    }
  }

  /// The most values of a document: aliases of aliases can make a small file endless.
  private static let valueLimit = 100_000

  private init(_ node: Node, source: String, budget: inout Int) throws(YAMLError) {
    budget -= 1
    guard budget >= 0 else {
      throw YAMLError("\(source): holds more than \(Self.valueLimit) values; use fewer aliases")
    }
    let line = node.mark?.line
    switch node {
    case .scalar(let scalar):
      self.init(.scalar(text: scalar.string, quoted: scalar.style != .plain && scalar.style != .any), line: line)
    case .sequence(let sequence):
      var items: [YAMLTree] = []
      for item in sequence { items.append(try YAMLTree(item, source: source, budget: &budget)) }
      self.init(.sequence(items), line: line)
    case .mapping(let mapping):
      var entries: [Entry] = []
      for (key, value) in mapping {
        guard let name = key.scalar?.string else {
          throw YAMLError("\(source):\(key.mark?.line ?? 0): a key must be a word, not a list or a mapping")
        }
        var value = try YAMLTree(value, source: source, budget: &budget)
        value.line = key.mark?.line ?? value.line
        entries.append(Entry(name, value))
      }
      self.init(.mapping(entries), line: line)
    case .alias:
      throw YAMLError("\(source):\(line ?? 0): an alias refers to an anchor that does not exist")
    }
  }

  private static func summary(of error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "line \(mark.line): \(problem)"
    case .duplicatedKeysInMapping(let duplicates, let context):
      "line \(context.mark.line): the key '\(duplicates.map { "\($0)" }.joined(separator: "', '"))' is given twice"
    default:
      "\(error)".split(separator: "\n").joined(separator: " ")
    }
  }

  /// The document as YAML text: block style, with lists of scalars and other small values on one line.
  package var text: String {
    switch content {
    case .mapping(let entries) where !entries.isEmpty:
      entries.map { $0.block(indentation: "") }.joined()
    default:
      inline + "\n"
    }
  }

  /// The value on one line (flow style).
  package var inline: String {
    switch content {
    case .scalar(let text, let quoted):
      quoted ? Self.quote(text) : text
    case .sequence(let items):
      "[" + items.map(\.inline).joined(separator: ", ") + "]"
    case .mapping(let entries):
      "{" + entries.map { "\($0.key): \($0.value.inline)" }.joined(separator: ", ") + "}"
    }
  }

  /// `text` as a double-quoted scalar (YAML 1.2.2, section 7.3.1).
  private static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension YAMLTree.Entry {
  /// Lines up to this width stay on one line.
  private static let inlineWidth = 100

  fileprivate func block(indentation: String) -> String {
    let line = "\(indentation)\(key): \(value.inline)"
    switch value.content {
    case .mapping(let entries) where entries.count > 1 || (entries.count == 1 && line.count > Self.inlineWidth):
      return "\(indentation)\(key):\n" + entries.map { $0.block(indentation: indentation + "  ") }.joined()
    case .sequence(let items) where line.count > Self.inlineWidth:
      return "\(indentation)\(key):\n" + items.map { $0.listItem(indentation: indentation + "  ") }.joined()
    default:
      return line + "\n"
    }
  }
}

extension YAMLTree {
  fileprivate func listItem(indentation: String) -> String {
    let line = "\(indentation)- \(inline)"
    guard line.count > 100, case .mapping(let entries) = content else { return line + "\n" }
    let body = entries.map { $0.block(indentation: indentation + "  ") }.joined()
    return indentation + "- " + body.dropFirst(indentation.count + 2)
  }
}
