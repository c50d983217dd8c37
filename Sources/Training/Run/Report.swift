import Foundation

/// One value of a JSON line.
package enum ReportValue: Encodable, ExpressibleByStringLiteral {
  /// A text.
  case text(String)
  /// A whole number.
  case integer(Int)
  /// A number; one that is not finite becomes null.
  case number(Double)
  /// True or false.
  case truth(Bool)
  /// A list.
  case list([ReportValue])
  /// An object.
  case record([String: ReportValue])
  /// Null.
  case nothing

  package init(stringLiteral value: String) { self = .text(value) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try value.isFinite ? container.encode(value) : container.encodeNil()
    case .truth(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .record(let values): try container.encode(values)
    case .nothing: try container.encodeNil()
    }
  }
}

extension String {
  /// The text without the characters at its end for which `isUnwanted` holds.
  fileprivate func trimmingSuffix(while isUnwanted: (Character) -> Bool) -> Substring {
    var text = self[...]
    while let last = text.last, isUnwanted(last) { text.removeLast() }
    return text
  }
}

/// How reporting commands print.
package enum Report {
  /// Prints one JSON object on a line, keys in alphabetic order.
  package static func json(_ record: [String: ReportValue]) { print(line(record)) }

  /// One JSON object as a line of text, keys in alphabetic order.
  package static func line(_ record: [String: ReportValue]) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // These values are plain; encoding them cannot fail.
    guard let data = try? encoder.encode(record) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }

  /// Prints a table: columns of text to the left, columns of numbers to the right, each as wide as it needs.
  package static func table(_ header: [String], _ rows: [[String]], text: Set<Int> = [0]) {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    for row in all {
      let cells = row.enumerated().map { column, cell in
        let fill = String(repeating: " ", count: widths[column] - cell.count)
        return text.contains(column) ? cell + fill : fill + cell
      }
      print(cells.joined(separator: "  ").trimmingSuffix(while: { $0 == " " }))
    }
  }
}
