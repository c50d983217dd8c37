/// A node while it is being decoded: it knows the file and the path of keys that led to it, so that an error can
/// say where it is.
package struct YAMLCursor: Sendable {
  /// The value.
  package let tree: YAMLTree
  /// Where it stands: keys and indices with dots between them; empty at the root.
  package let path: String
  /// The file that it was read from.
  package let source: String
  /// Where values come from that have no line.
  private let lineless: String
  /// The paths of the whole document at which a key may belong that the record at `path` does not have, the likeliest
  /// first.
  package typealias Elsewhere = @Sendable (_ key: String, _ path: String) -> [String]
  private let elsewhere: Elsewhere?

  /// The root of a document.
  ///
  /// - Parameters:
  ///   - tree: the document.
  ///   - source: the file that it was read from.
  ///   - lineless: where its values without a line come from, if not from the file.
  ///   - elsewhere: where else in the document an unknown key may belong.
  package init(_ tree: YAMLTree, source: String, lineless: String? = nil, elsewhere: Elsewhere? = nil) {
    self.init(tree, path: "", source: source, lineless: lineless ?? source, elsewhere: elsewhere)
  }

  private init(_ tree: YAMLTree, path: String, source: String, lineless: String, elsewhere: Elsewhere?) {
    self.tree = tree
    self.path = path
    self.source = source
    self.lineless = lineless
    self.elsewhere = elsewhere
  }

  private func moved(to tree: YAMLTree, path: String) -> YAMLCursor {
    YAMLCursor(tree, path: path, source: source, lineless: lineless, elsewhere: elsewhere)
  }

  /// The cursor at the same place with another tree.
  package func with(_ tree: YAMLTree) -> YAMLCursor {
    moved(to: YAMLTree(tree.content, line: self.tree.line), path: path)
  }

  /// The cursor at one entry of this mapping.
  package func at(_ entry: YAMLTree.Entry) -> YAMLCursor {
    moved(to: entry.value, path: path.isEmpty ? entry.key : "\(path).\(entry.key)")
  }

  /// The cursors at the items of this list.
  ///
  /// - Throws: an error if this is no list.
  package func items() throws(YAMLError) -> [YAMLCursor] {
    guard case .sequence(let items) = tree.content else { throw failure("must be a list, not \(tree.kind)") }
    return items.enumerated().map { moved(to: $1, path: "\(path)[\($0)]") }
  }

  /// The entries of this mapping.
  ///
  /// - Throws: an error if this is no mapping.
  package func entries() throws(YAMLError) -> [YAMLTree.Entry] {
    guard case .mapping(let entries) = tree.content else { throw failure("must be a mapping, not \(tree.kind)") }
    return entries
  }

  /// The text of this scalar.
  ///
  /// - Parameter expected: what the scalar should be, for the message.
  /// - Throws: an error if this is no scalar.
  package func scalar(_ expected: String) throws(YAMLError) -> String {
    guard case .scalar(let text, _) = tree.content else { throw failure("must be \(expected), not \(tree.kind)") }
    return text
  }

  /// An error at this place: "file:line: path: message".
  package func failure(_ message: String) -> YAMLError {
    let place = tree.line.map { "\(source):\($0)" } ?? lineless
    return YAMLError(path.isEmpty ? "\(place): \(message)" : "\(place): \(path): \(message)")
  }

  /// What a user probably meant by a key that this record does not have: a near spelling, or a place elsewhere in the
  /// document. Within the record the key alone is enough.
  func suggestion(for key: String, among known: [String]) -> String? {
    let paths = elsewhere?(key, path) ?? []
    guard let first = paths.first else { return nil }
    if let word = Suggestion.spelling(of: key, among: known) { return "did you mean '\(word)'?" }
    // What another record calls so, this one may have too.
    let names = paths.compactMap { $0.split(separator: ".").last.map(String.init) }
    if let own = names.first(where: known.contains) { return "did you mean '\(own)'?" }
    let prefix = path.isEmpty ? "" : path + "."
    return "did you mean '\(first.hasPrefix(prefix) ? String(first.dropFirst(prefix.count)) : first)'?"
  }

  /// The error for a word that is none of `known`, with the nearest of them.
  package func unknown(_ what: String, _ word: String, known: [String], synonyms: Synonyms = [:]) -> YAMLError {
    failure("unknown \(what) '\(word)'; \(Suggestion.phrase(for: word, among: known, synonyms: synonyms))")
  }
}

/// What is wrong with a document: one sentence with the file, the line, the key's path and the remedy.
package struct YAMLError: Error, CustomStringConvertible, Equatable {
  package let description: String

  /// An error with the given sentence.
  package init(_ description: String) { self.description = description }
}
