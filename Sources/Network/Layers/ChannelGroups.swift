import Operators
package import StrictYAML

/// Into how many groups a convolution splits its channels: a number, or one for each input channel.
package enum ChannelGroups: Hashable, Sendable {
  /// So many.
  case count(Int)
  /// As many as the input has channels: each is filtered alone.
  case depthwise

  /// The number for an input of so many channels.
  package func count(inputs: Int) -> Int {
    switch self {
    case .count(let count): count
    case .depthwise: inputs
    }
  }

  /// A check for fields.
  static let check: @Sendable (ChannelGroups) -> String? = { groups in
    if case .count(let count) = groups { Limits.width(count) } else { nil }
  }

  /// What is wrong with so many output channels, as far as the input does not matter.
  func problem(channels: Int) -> String? {
    guard case .count(let count) = self, channels % count != 0 else { return nil }
    return "channels (\(channels)) must be a multiple of groups (\(count))"
  }

  /// Checks that the groups divide the channels on both sides.
  func check(_ input: Shape, channels: Int) throws(ShapeProblem) {
    let count = count(inputs: input.channels)
    guard input.channels % count == 0 else {
      throw ShapeProblem("\(count) groups do not divide the \(input.channels) channels of its input \(input)")
    }
    guard channels % count == 0 else {
      throw ShapeProblem(
        "its \(channels) channels are not a multiple of the \(count) groups that its input \(input) asks for")
    }
  }
}

/// Written as a number or `depthwise`.
extension ChannelGroups: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    if case .scalar("depthwise", _) = cursor.tree.content {
      self = .depthwise
    } else {
      self = .count(try Int(yaml: cursor))
    }
  }

  package var yaml: YAMLTree {
    switch self {
    case .count(let count): count.yaml
    case .depthwise: .word("depthwise")
    }
  }
  package static var yamlForm: String { "integer or depthwise" }
}
