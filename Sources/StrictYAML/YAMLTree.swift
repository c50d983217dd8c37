/// A YAML document as a plain value: scalars, sequences and mappings in their written order, each with its line.
package struct YAMLTree: Hashable, Sendable {
  /// What a node of the document is.
  package enum Content: Hashable, Sendable {
    /// A scalar's text, and whether it was written in quotes and hence is a string whatever it looks like.
    case scalar(text: String, quoted: Bool)
    case sequence([YAMLTree])
    case mapping([Entry])
  }

  /// One key of a mapping with its value.
  package struct Entry: Hashable, Sendable {
    /// The key.
    package var key: String
    /// Its value.
    package var value: YAMLTree

    /// The pair `key: value`.
    package init(_ key: String, _ value: YAMLTree) {
      self.key = key
      self.value = value
    }
  }

  /// What it holds.
  package var content: Content
  /// The line in the document, from 1; nil for what was not read from one.
  package var line: Int?

  /// A node with the given content.
  package init(_ content: Content, line: Int? = nil) {
    self.content = content
    self.line = line
  }

  /// A scalar written without quotes: a number, a truth value or a word.
  package static func word(_ text: String) -> YAMLTree { YAMLTree(.scalar(text: text, quoted: false)) }

  /// An empty mapping.
  package static let empty = YAMLTree(.mapping([]))

  /// A mapping of the given entries, in order.
  package static func mapping(_ entries: [Entry]) -> YAMLTree { YAMLTree(.mapping(entries)) }

  /// What the node is, for messages.
  package var kind: String {
    switch content {
    case .scalar(let text, _): "'\(text)'"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }

  /// The value of `key`, if this is a mapping that has it.
  package subscript(key key: String) -> YAMLTree? {
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }

  /// This document with the value at `path` replaced or added; what stands in the way of the path is replaced too.
  package func setting(_ path: ArraySlice<String>, to value: YAMLTree) -> YAMLTree {
    guard let key = path.first else { return value }
    let rest = path.dropFirst()
    if case .sequence(var items) = content, let index = Int(key), items.indices.contains(index) {
      items[index] = items[index].setting(rest, to: value)
      return YAMLTree(.sequence(items), line: line)
    }
    var entries: [Entry] = []
    if case .mapping(let present) = content { entries = present }
    if let index = entries.firstIndex(where: { $0.key == key }) {
      entries[index].value = entries[index].value.setting(rest, to: value)
    } else {
      entries.append(Entry(key, YAMLTree.empty.setting(rest, to: value)))
    }
    return YAMLTree(.mapping(entries), line: line)
  }

  /// This document without its lines, for what was not read from a file.
  package var withoutLines: YAMLTree {
    switch content {
    case .scalar: YAMLTree(content)
    case .sequence(let items): YAMLTree(.sequence(items.map(\.withoutLines)))
    case .mapping(let entries): .mapping(entries.map { Entry($0.key, $0.value.withoutLines) })
    }
  }
}
