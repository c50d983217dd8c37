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
      var reader = NodeReader(source: source)
      self = try reader.tree(node, depth: 0)
    } catch let error as YAMLError {
      throw error
    } catch let error as YamlError {
      throw YAMLError("\(source): is not valid YAML: \(Self.summary(of: error))")
    } catch {
      throw YAMLError("\(source): is not valid YAML: \(error)")
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
      "{" + entries.map { "\($0.key.yaml.inline): \($0.value.inline)" }.joined(separator: ", ") + "}"
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
      case _ where !isPrintable(scalar):
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  /// Whether the character may stand in a document as it is (YAML 1.2.2, production 1) and is no line break.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: false
    default: true
    }
  }
}

/// Turns Yams' nodes into a tree and counts them: aliases make a small text stand for a very large tree. (LibYAML
/// itself refuses to nest deeper than 1000.)
private struct NodeReader {
  /// Values of a document, each use of an alias counted.
  private static let largestCount = 100_000
  /// How deep lists and mappings may nest, so that those who decode the tree need little stack.
  private static let largestDepth = 200

  let source: String
  private var count = 0

  init(source: String) { self.source = source }

  mutating func tree(_ node: Node, depth: Int) throws(YAMLError) -> YAMLTree {
    let line = node.mark?.line
    count += 1
    guard count <= Self.largestCount, depth <= Self.largestDepth else { throw tooLarge(line) }
    switch node {
    case .scalar(let scalar):
      let isQuoted = scalar.style != .plain && scalar.style != .any
      return YAMLTree(.scalar(text: scalar.string, quoted: isQuoted), line: line)
    case .sequence(let sequence):
      var items: [YAMLTree] = []
      for item in sequence { items.append(try tree(item, depth: depth + 1)) }
      return YAMLTree(.sequence(items), line: line)
    case .mapping(let mapping):
      var entries: [YAMLTree.Entry] = []
      var names: Set<String> = []
      for (key, value) in mapping {
        let entry = try entry(key, value, depth: depth + 1)
        // Yams holds keys of different tags for different, such as 1 and "1".
        guard names.insert(entry.key).inserted else {
          throw YAMLError("\(source):\(key.mark?.line ?? 0): the key '\(entry.key)' is given twice")
        }
        entries.append(entry)
      }
      return YAMLTree(.mapping(entries), line: line)
    case .alias:
      throw YAMLError("\(source):\(line ?? 0): an alias refers to an anchor that does not exist")
    }
  }

  private mutating func entry(_ key: Node, _ value: Node, depth: Int) throws(YAMLError) -> YAMLTree.Entry {
    guard let name = key.scalar?.string else {
      throw YAMLError("\(source):\(key.mark?.line ?? 0): a key must be a word, not a list or a mapping")
    }
    var value = try tree(value, depth: depth)
    value.line = key.mark?.line ?? value.line
    return YAMLTree.Entry(name, value)
  }

  private func tooLarge(_ line: Int?) -> YAMLError {
    YAMLError(
      "\(source):\(line ?? 0): holds more than \(Self.largestCount) values or nests them more than "
        + "\(Self.largestDepth) deep; write it shorter, without aliases of aliases")
  }
}

extension YAMLTree.Entry {
  /// Lines up to this width stay on one line.
  private static let inlineWidth = 100

  fileprivate func block(indentation: String) -> String {
    let key = key.yaml.inline
    let line = "\(indentation)\(key): \(value.inline)"
    switch value.content {
    case .mapping(let entries) where entries.count > 1 || (entries.count == 1 && line.count > Self.inlineWidth):
      return "\(indentation)\(key):\n" + entries.map { $0.block(indentation: indentation + "  ") }.joined()
    case .sequence(let items) where !items.isEmpty && line.count > Self.inlineWidth:
      return "\(indentation)\(key):\n" + items.map { $0.listItem(indentation: indentation + "  ") }.joined()
    default:
      return line + "\n"
    }
  }
}

extension YAMLTree {
  fileprivate func listItem(indentation: String) -> String {
    let line = "\(indentation)- \(inline)"
    guard line.count > 100, case .mapping(let entries) = content, !entries.isEmpty else { return line + "\n" }
    let body = entries.map { $0.block(indentation: indentation + "  ") }.joined()
    return indentation + "- " + body.dropFirst(indentation.count + 2)
  }
}
