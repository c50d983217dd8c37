/// A terminal as far as a line that is drawn again needs one: it wraps, scrolls, erases, and breaks its lines anew when
/// its width changes, as most of today's do. Some old ones cut them off instead.
struct TestTerminal {
  /// A row, and whether the next one goes on with it.
  private struct Row {
    var text: [Character] = []
    var isWrapped = false
  }

  private(set) var width: Int
  private let reflows: Bool
  private var rows = [Row()]
  private var row = 0
  private var column = 0

  init(width: Int, reflows: Bool = true) {
    (self.width, self.reflows) = (width, reflows)
  }

  /// What is to be seen: the lines as they were printed where the terminal joins wrapped rows again.
  var lines: [String] {
    var lines: [String] = [""]
    for row in rows {
      lines[lines.count - 1] += String(row.text)
      if !row.isWrapped { lines.append("") }
    }
    while let last = lines.last, last.allSatisfy({ $0 == " " }) { lines.removeLast() }
    return lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
  }

  /// Whether the cursor stands at the beginning of a row.
  var isAtBeginning: Bool { column == 0 }

  /// Prints a text with its control sequences.
  mutating func write(_ text: String) {
    var rest = Array(text.unicodeScalars.map(Character.init))[...]
    while let sign = rest.popFirst() {
      switch sign {
      case "\r": column = 0
      case "\n": lineFeed()
      case "\u{1B}":
        let sequence = String(rest.prefix(2))
        rest = rest.dropFirst(2)
        if sequence == "[K" || sequence == "[J" { erase() }
        if sequence == "[J" { rows.removeSubrange((row + 1)...) }
      default: put(sign)
      }
    }
  }

  private mutating func lineFeed() {
    row += 1
    column = 0
    if row == rows.count { rows.append(Row()) }
  }

  private mutating func erase() {
    rows[row].text.removeSubrange(min(column, rows[row].text.count)...)
    rows[row].isWrapped = false
  }

  private mutating func put(_ sign: Character) {
    if column == width {
      rows[row].isWrapped = true
      lineFeed()
    }
    while rows[row].text.count < column { rows[row].text.append(" ") }
    if column < rows[row].text.count { rows[row].text[column] = sign } else { rows[row].text.append(sign) }
    column += 1
  }

  /// Changes the width; the cursor stays at its character.
  mutating func resize(to width: Int) {
    defer { self.width = width }
    guard reflows else {
      for index in rows.indices { rows[index].text = Array(rows[index].text.prefix(width)) }
      column = min(column, width - 1)
      return
    }
    var new: [Row] = []
    var cursor = (row: 0, column: 0)
    var start = 0
    while start < rows.count {
      let end = rows[start...].firstIndex { !$0.isWrapped } ?? rows.count - 1
      let text = rows[start...end].flatMap(\.text)
      if (start...end).contains(row) {
        let offset = rows[start..<row].reduce(0) { $0 + $1.text.count } + column
        cursor = (new.count + offset / width, offset % width)
      }
      for from in stride(from: 0, to: max(1, text.count), by: width) {
        let part = text[min(from, text.count)..<min(from + width, text.count)]
        new.append(Row(text: Array(part), isWrapped: from + width < text.count))
      }
      start = end + 1
    }
    rows = new
    (row, column) = cursor
    while rows.count <= row { rows.append(Row()) }
  }
}
