/// What went wrong with a data set, in one sentence: what, where, and the remedy.
package struct DatasetError: Error, Hashable, CustomStringConvertible {
  /// What kind of fault a sample has.
  package enum Kind: Hashable, Sendable {
    /// Its bytes are not what its format's rules allow.
    case damage
    /// It may be sound, but is of a kind that this program does not read.
    case unusable
    /// Anything else: a place, a permission, a key of the configuration.
    case other
  }

  /// The sentence.
  package let message: String
  /// What kind of fault it tells of.
  package let kind: Kind

  /// An error with its whole message.
  package init(_ message: String, kind: Kind = .other) {
    self.message = message
    self.kind = kind
  }

  package var description: String { message }
}
