package import Operators
package import StrictYAML

/// Written as one number for both axes or as `[height, width]`.
extension Extent: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    if case .sequence = cursor.tree.content {
      let items = try cursor.items()
      guard items.count == 2 else { throw cursor.failure("must be one number or [height, width]") }
      self.init(height: try Int(yaml: items[0]), width: try Int(yaml: items[1]))
    } else {
      self.init(try Int(yaml: cursor))
    }
  }

  package var yaml: YAMLTree { height == width ? height.yaml : [height, width].yaml }
  package static var yamlForm: String { "n or [height, width]" }
}

extension Extent {
  /// A check for fields: both numbers at least `minimum` and at most `Limits.side`.
  package static func atLeast(_ minimum: Int) -> @Sendable (Extent) -> String? {
    let range = minimum...65_536
    return { range.contains($0.height) && range.contains($0.width) ? nil : "must be from \(minimum) to 65536" }
  }
}

/// Written as `[channels, height, width]`.
extension Shape: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    let sizes = try [Int](yaml: cursor)
    guard sizes.count == 3, sizes.allSatisfy({ (1...65_536).contains($0) }) else {
      throw cursor.failure("must be [channels, height, width], each from 1 to 65536")
    }
    self.init(channels: sizes[0], height: sizes[1], width: sizes[2])
  }

  package var yaml: YAMLTree { [channels, height, width].yaml }
  package static var yamlForm: String { "[channels, height, width]" }
}

/// How a layer pads its input: by fixed numbers, or so that the output has the size of the input over the stride.
package enum PaddingRule: Hashable, Sendable {
  /// Zeros on each side.
  case fixed(Padding)
  /// As much as makes the output ⌈M/s⌉ for an input of M: max((⌈M/s⌉ − 1)·s + d(K − 1) + 1 − M, 0) in total, the
  /// smaller half in front. With stride 1 this is PyTorch's `padding="same"`.
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

/// Whether a window fits.
extension Window {
  /// The output shape, or the problem that the window does not fit its input.
  func fit(_ input: Shape, channels: Int, what: String) throws(ShapeProblem) -> Shape {
    let size = output
    guard size.height >= 1, size.width >= 1 else {
      throw ShapeProblem(
        "its \(what) of \(kernel) (dilation \(dilation)) does not fit into its input \(input) with padding \(padding): "
          + "the output would be empty")
    }
    return Shape(channels: channels, height: size.height, width: size.width)
  }

  /// The output shape, or the problem that the window does not fit its input, or its map not into memory.
  func fitMap(_ input: Shape) throws(ShapeProblem) -> Shape {
    let shape = try fit(input, channels: input.channels, what: "window")
    let rows = shape.height * min(kernel.height, input.height)
    let columns = shape.width * min(kernel.width, input.width)
    guard max(rows, columns) <= Limits.mapWeights else {
      throw ShapeProblem(
        "its windows of \(kernel) over its input \(input) hold more than \(Limits.mapWeights) pixels along one axis; "
          + "use smaller windows or a larger stride")
    }
    return shape
  }
}
