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
  /// A check for fields: both numbers at least `minimum` and at most 65,536.
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
