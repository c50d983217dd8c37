package import Operators
package import StrictYAML

/// How a layer pads its input: by fixed numbers, or so that the output has the size of the input over the stride.
package enum PaddingRule: Hashable, Sendable {
  /// Zeros on each side.
  case fixed(Padding)
  /// As much as makes the output ⌈M/s⌉ for an input of M: max((⌈M/s⌉ − 1)·s + d(K − 1) + 1 − M, 0) in total, the smaller
  /// half in front. With stride 1 this is PyTorch's `padding="same"`.
  case same

  /// The padding of a window over an input of the given size.
  package func padding(input: Extent, kernel: Extent, stride: Extent, dilation: Extent) -> Padding {
    guard case .fixed(let padding) = self else {
      let rows = Self.same(input.height, kernel.height, stride.height, dilation.height)
      let columns = Self.same(input.width, kernel.width, stride.width, dilation.width)
      return Padding(top: rows / 2, left: columns / 2, bottom: rows - rows / 2, right: columns - columns / 2)
    }
    return padding
  }

  private static func same(_ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
    let output = (input + stride - 1) / stride
    return max((output - 1) * stride + dilation * (kernel - 1) + 1 - input, 0)
  }
}

/// Written as `n`, `[height, width]`, `[top, left, bottom, right]` or `same`.
extension PaddingRule: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    if case .scalar("same", _) = cursor.tree.content { self = .same } else { self = .fixed(try Padding(yaml: cursor)) }
  }

  package var yaml: YAMLTree {
    switch self {
    case .same: .word("same")
    case .fixed(let padding): padding.yaml
    }
  }
  package static var yamlForm: String { "\(Padding.yamlForm) or same" }

  /// A check for fields.
  static let check: @Sendable (PaddingRule) -> String? = { rule in
    guard case .fixed(let padding) = rule else { return nil }
    return Padding.check(padding)
  }
}

/// Written as `n`, `[height, width]` or `[top, left, bottom, right]`.
extension Padding: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    if case .sequence(let items) = cursor.tree.content, items.count == 4 {
      let sides = try [Int](yaml: cursor)
      self.init(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3])
      return
    }
    if case .sequence(let items) = cursor.tree.content, items.count != 2 {
      throw cursor.failure("must be one number, [height, width] or [top, left, bottom, right]")
    }
    self.init(try Extent(yaml: cursor))
  }

  package var yaml: YAMLTree {
    if top == bottom, left == right { return Extent(height: top, width: left).yaml }
    return [top, left, bottom, right].yaml
  }
  package static var yamlForm: String { "n, [height, width] or [top, left, bottom, right]" }

  /// A check for fields: all four sides at least 0 and at most 65,536.
  static let check: @Sendable (Padding) -> String? = { padding in
    let sides = [padding.top, padding.left, padding.bottom, padding.right]
    return sides.allSatisfy((0...65_536).contains) ? nil : "must be from 0 to 65536"
  }
}
