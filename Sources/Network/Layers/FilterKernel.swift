package import Operators
package import StrictYAML

/// The filters of a `filter` layer: named ones, or values of your own.
package enum FilterKernel: YAMLChoice {
  case sobel
  case laplacian
  case gaussian(GaussianFilter)
  case box(BoxFilter)
  case kirsch
  case robinson
  case prewitt
  case weights(OwnFilters)

  package static let subject = "filter"

  package static let alternatives: [Alternative<FilterKernel>] = [
    named("sobel", "slopes to the right and downwards (Sobel and Feldman 1968)", .sobel),
    named("laplacian", "sum of the second differences", .laplacian),
    Alternative("gaussian", "smoothing by a Gaussian of sum 1", GaussianFilter.self) {
      .gaussian($0)
    } extract: {
      if case .gaussian(let filter) = $0 { filter } else { nil }
    },
    Alternative("box", "smoothing by the mean of a square", BoxFilter.self) {
      .box($0)
    } extract: {
      if case .box(let filter) = $0 { filter } else { nil }
    },
    named("kirsch", "edges in eight compass directions (Kirsch 1971)", .kirsch),
    named("robinson", "edges in eight compass directions (Robinson 1977)", .robinson),
    named("prewitt", "edges in eight compass directions (Prewitt 1970)", .prewitt),
    Alternative("weights", "filters of your own", OwnFilters.self) {
      .weights($0)
    } extract: {
      if case .weights(let filters) = $0 { filters } else { nil }
    },
  ]

  private static func named(_ name: String, _ summary: String, _ kernel: FilterKernel) -> Alternative<FilterKernel> {
    Alternative(name, summary, NamedFilter.self) { _ in
      kernel
    } extract: {
      $0 == kernel ? NamedFilter() : nil
    }
  }

  /// The filters: [filter][row][column].
  package var filters: [[[Float]]] {
    switch self {
    case .sobel: [[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]]
    case .laplacian: [[[0, 1, 0], [1, -4, 1], [0, 1, 0]]]
    case .gaussian(let filter): [filter.weights]
    case .box(let filter): [filter.weights]
    case .kirsch: Self.compass(centre: 0, [5, 5, 5, -3, -3, -3, -3, -3])
    case .robinson: Self.compass(centre: 0, [1, 2, 1, 0, -1, -2, -1, 0])
    case .prewitt: Self.compass(centre: -2, [1, 1, 1, 1, -1, -1, -1, 1])
    case .weights(let own): own.values
    }
  }

  /// The size of each filter.
  package var size: Extent {
    let filters = filters
    return Extent(height: filters[0].count, width: filters[0][0].count)
  }

  /// Eight filters of 3×3, for edges with the light side in the north, the north-west, and so on round. `ring` holds
  /// the values round the centre of the first one, clockwise from its top left corner; each next filter turns them on
  /// by one step counter-clockwise.
  private static func compass(centre: Float, _ ring: [Float]) -> [[[Float]]] {
    (0..<8).map { turn in
      let r = (0..<8).map { ring[($0 + turn) % 8] }
      return [[r[0], r[1], r[2]], [r[7], centre, r[3]], [r[6], r[5], r[4]]]
    }
  }
}

private struct NamedFilter: YAMLRecord {
  static let fields: [Field<Self>] = []
}

/// A square of weights proportional to exp(−d²/(2σ²)), d being the distance from its centre; their sum is 1.
package struct GaussianFilter: YAMLRecord {
  /// Rows and columns, an odd number.
  package var size = 5
  /// Standard deviation in pixels.
  package var deviation = 1.0

  package init() {}
  package static let fields: [Field<Self>] = [
    Field(
      "size", \.size, "rows and columns, an odd number",
      check: { (1...255).contains($0) && $0 % 2 == 1 ? nil : "must be odd and from 1 to 255" }),
    Field("deviation", \.deviation, "standard deviation in pixels", check: Limits.pixels),
  ]

  fileprivate var weights: [[Float]] {
    let line = (0..<size).map { bell(Double($0 - size / 2), deviation: deviation) }
    let total = line.reduce(0, +)
    return line.map { a in line.map { b in Float(a * b / (total * total)) } }
  }
}

/// A square of equal weights; their sum is 1.
package struct BoxFilter: YAMLRecord {
  /// Rows and columns.
  package var size = 3

  package init() {}
  package static let fields: [Field<Self>] = [
    Field(
      "size", \.size, "rows and columns", check: { (1...255).contains($0) ? nil : "must be from 1 to 255" })
  ]

  fileprivate var weights: [[Float]] {
    [[Float]](repeating: [Float](repeating: 1 / Float(size * size), count: size), count: size)
  }
}

/// Filters of equal size, written out.
package struct OwnFilters: YAMLRecord {
  /// The filters: [filter][row][column].
  package var values: [[[Float]]] = []

  package init() {}
  package static let fields: [Field<Self>] = [
    Field("values", \.values, "the filters, each a list of rows", required: true)
  ]

  package func problem() -> String? {
    guard let rows = values.first, let columns = rows.first, !columns.isEmpty else {
      return "values must hold at least one filter with at least one value"
    }
    let isEven = values.allSatisfy { $0.count == rows.count && $0.allSatisfy { $0.count == columns.count } }
    guard isEven else { return "values must hold filters of equal size, each with rows of equal length" }
    return rows.count <= 255 && columns.count <= 255 && values.count <= 1024
      ? nil : "values must hold at most 1024 filters of at most 255×255"
  }
}
