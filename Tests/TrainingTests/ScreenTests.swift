import Randomness
import Synchronization
import Testing
import Training

/// The progress line: within the width at any time, and gone without rests when something else is printed.
@Suite struct ScreenTests {
  /// A terminal that a screen writes to.
  private final class Shown: Sendable {
    private let terminal: Mutex<TestTerminal>

    init(width: Int, reflows: Bool = true) { terminal = Mutex(TestTerminal(width: width, reflows: reflows)) }

    var device: Device {
      Device(
        isTerminal: true, isUnicode: true, width: { self.terminal.withLock(\.width) },
        write: { text, _ in self.terminal.withLock { $0.write(text) } })
    }
    var lines: [String] { terminal.withLock(\.lines) }
    var isAtBeginning: Bool { terminal.withLock(\.isAtBeginning) }
    func resize(to width: Int) { terminal.withLock { $0.resize(to: width) } }
  }

  private static func line(_ number: Int) -> ProgressLine {
    ProgressLine([
      ("epoch \(number).25/12.00", 0), ("step \(number)/\(number * 1000)", 3), ("loss 0.\(number)", 1),
      ("\(number * number) images/s", 4), ("\(number) s left", 2),
    ])
  }

  @Test(arguments: [1, 5, 16, 20, 31, 40, 60, 80, 120, 500])
  func `a line fits, with its important parts`(width: Int) {
    let line = Self.line(7)
    let fitted = line.fitted(to: width)
    #expect(fitted.count <= width)
    if width >= line.whole.count {
      #expect(fitted == line.whole)
    } else {
      #expect(!fitted.contains("images/s"))
      #expect(fitted.hasPrefix("epoch 7.25/12.00".prefix(width)))
    }
    #expect(line.fitted(to: 0).isEmpty && line.fitted(to: -1).isEmpty)
  }

  @Test func `parts are left out by importance and keep their order`() {
    let line = ProgressLine([("aaa", 0), ("bbb", 2), ("ccc", 1)])
    #expect(line.fitted(to: 13) == "aaa  bbb  ccc")
    #expect(line.fitted(to: 12) == "aaa  ccc")
    #expect(line.fitted(to: 7) == "aaa")
    #expect(line.fitted(to: 2) == "aa")
  }

  @Test func `a shorter line leaves nothing of a longer one`() {
    let shown = Shown(width: 60)
    let screen = Screen(shown.device)
    screen.draw(ProgressLine([("a long line that goes far to the right", 0)]))
    #expect(shown.lines == ["a long line that goes far to the right"])
    screen.draw(ProgressLine([("short", 0)]))
    #expect(shown.lines == ["short"])
    screen.print("a result", to: .results)
    #expect(shown.lines == ["a result"] && shown.isAtBeginning)
  }

  @Test func `a terminal that becomes narrower keeps no rests`() {
    let shown = Shown(width: 120)
    let screen = Screen(shown.device)
    screen.print("begin", to: .results)
    screen.draw(Self.line(123))
    for width in [40, 20, 10, 100, 30] {
      shown.resize(to: width)
      screen.redraw()
      #expect(shown.lines.count == 2 && shown.lines[1].count < width, "\(shown.lines)")
    }
    shown.resize(to: 7)
    screen.print("end", to: .errors)
    #expect(shown.lines == ["begin", "end"])
  }

  /// Draws, prints and resizes at random; what was printed stands there whole, and at most one line beside it.
  @Test(arguments: UInt64(0)..<40)
  func `nothing is left whatever happens`(seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: .testing)
    let shown = Shown(width: 80, reflows: seed % 4 != 0)
    let screen = Screen(shown.device)
    var printed: [String] = []
    var isDrawn = false
    for turn in 1...200 {
      switch random.next() % 4 {
      case 0, 1:
        screen.draw(Self.line(Int(random.next() % 2000)))
        isDrawn = true
      case 2:
        printed.append("result \(turn)")
        screen.print("result \(turn)", to: turn % 2 == 0 ? .results : .errors)
        isDrawn = false
      default:
        // A terminal that cuts lines off would cut the results, too.
        shown.resize(to: Int(random.next() % 150) + 15)
        screen.redraw()
      }
      let lines = shown.lines
      #expect(lines.prefix(printed.count).elementsEqual(printed), "\(lines)")
      #expect(lines.count == printed.count + (isDrawn ? 1 : 0), "\(lines)")
      #expect(shown.isAtBeginning)
    }
  }

  @Test func `terminals that cannot draw again are known`() {
    #expect(Terminal.redraws(in: ["TERM": "xterm-256color"]))
    #expect(!Terminal.redraws(in: ["TERM": "dumb"]))
    #expect(!Terminal.redraws(in: ["TERM": ""]) && !Terminal.redraws(in: [:]))
  }

  @Test(arguments: [
    (["LANG": "C.UTF-8"], true), (["LANG": "en_US.utf8"], true), (["LANG": "C"], false), ([:], false),
    (["LC_ALL": "C", "LANG": "en_US.UTF-8"], false), (["LC_ALL": "", "LANG": "en_US.UTF-8"], true),
    (["LC_CTYPE": "POSIX", "LANG": "en_US.UTF-8"], false), (["LC_ALL": "de_DE.UTF-8", "LANG": "C"], true),
    (["LANG": "de_DE.ISO-8859-1"], false),
  ])
  func `the locale says whether there is more than ASCII`(environment: [String: String], isUnicode: Bool) {
    #expect(Terminal.isUnicode(in: environment) == isUnicode)
  }

  @Test func `in the locale C the program's own signs are ASCII`() {
    #expect(PlainText.ascii("9 ranks × 2 lanes … 3×3") == "9 ranks x 2 lanes ... 3x3")
    #expect(PlainText.ascii("the class 'Grüße'") == "the class 'Grüße'", "a user's names stay as they are")
    let written = Mutex("")
    let device = Device(
      isTerminal: false, isUnicode: false, width: { 80 }, write: { text, _ in written.withLock { $0 += text } })
    Screen(device).print("4 × 16", to: .results)
    #expect(written.withLock { $0 } == "4 x 16\n")
  }
}
