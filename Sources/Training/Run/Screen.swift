import Dispatch
import Foundation
import Synchronization

/// What a console writes to.
package struct Device: Sendable {
  /// The two standard streams.
  package enum Stream: Sendable {
    /// The standard output.
    case results
    /// The standard error.
    case errors
  }

  /// Whether the standard error is a terminal on which a line can be drawn again.
  package let isTerminal: Bool
  /// Whether characters beyond ASCII are shown.
  package let isUnicode: Bool
  /// The columns of the terminal at this moment.
  let width: @Sendable () -> Int
  let write: @Sendable (String, Stream) -> Void

  /// A device of the given properties.
  package init(
    isTerminal: Bool, isUnicode: Bool, width: @escaping @Sendable () -> Int,
    write: @escaping @Sendable (String, Stream) -> Void
  ) {
    (self.isTerminal, self.isUnicode, self.width, self.write) = (isTerminal, isUnicode, width, write)
  }

  /// Nothing that is written to it arrives.
  static let none = Device(isTerminal: false, isUnicode: false, width: { 0 }, write: { _, _ in })

  /// The standard streams of this process.
  static func standard(isForwarded: Bool) -> Device {
    let environment = ProcessInfo.processInfo.environment
    return Device(
      isTerminal: !isForwarded && Terminal.redraws(in: environment) && isatty(STDERR_FILENO) == 1,
      isUnicode: Terminal.isUnicode(in: environment),
      width: { Terminal.width(of: STDERR_FILENO) },
      write: { text, stream in
        // A closed pipe must not end a training run.
        let file = stream == .results ? FileHandle.standardOutput : .standardError
        try? file.write(contentsOf: Data(text.utf8))
      })
  }
}

/// The lines that a run prints, and the one line that it draws again and again.
///
/// After each drawing the cursor goes back to the beginning of the line. Where a terminal that has become narrower
/// breaks the line in two, the cursor stays at its first part, and all that is left of it lies behind the cursor.
package final class Screen: Sendable {
  /// The line on the terminal.
  private struct Drawn {
    var line: ProgressLine
    var columns: Int
  }

  /// What it writes to.
  let device: Device
  private let drawn = Mutex<Drawn?>(nil)
  /// Listens to changes of the terminal's size.
  private let resizing = Mutex<Source?>(nil)

  /// Dispatch sources may be used from any thread; they are only not marked so.
  private struct Source: @unchecked Sendable {
    let source: any DispatchSourceSignal
  }

  /// Whether a line is drawn on the terminal of this process, for handlers of signals.
  private static let isDrawn = Atomic<Bool>(false)
  /// Whether this is the screen that draws there.
  private let isKept = Atomic<Bool>(false)

  /// The screen whose line has to go before this process ends.
  private static let current = Mutex<Screen?>(nil)

  /// A screen on a device, with nothing drawn.
  package init(_ device: Device) { self.device = device }

  /// Draws the line at the width of this moment.
  package func draw(_ line: ProgressLine) {
    drawn.withLock { drawn in
      let width = device.width()
      let text = line.fitted(to: width - 1)
      device.write(Self.erasing(drawn, width: width) + text + "\u{1B}[K\r", .errors)
      drawn = Drawn(line: line, columns: text.count)
      if isKept.load(ordering: .relaxed) { Self.isDrawn.store(true, ordering: .relaxed) }
    }
  }

  /// Prints a line in the place of the drawn one.
  package func print(_ text: String, to stream: Device.Stream) {
    drawn.withLock { drawn in
      clear(&drawn)
      device.write((device.isUnicode ? text : PlainText.ascii(text)) + "\n", stream)
    }
  }

  private func clear(_ drawn: inout Drawn?) {
    guard drawn != nil else { return }
    device.write(Self.erasing(drawn, width: device.width()) + "\u{1B}[K", .errors)
    drawn = nil
    if isKept.load(ordering: .relaxed) { Self.isDrawn.store(false, ordering: .relaxed) }
  }

  /// Moves to the beginning of the drawn line; takes its other parts away where it has been broken.
  private static func erasing(_ drawn: Drawn?, width: Int) -> String {
    (drawn?.columns ?? 0) >= width ? "\r\u{1B}[J" : "\r"
  }

  /// Draws the line anew when the terminal changes its size, and takes it away when the process ends by itself.
  func keepInShape() {
    isKept.store(true, ordering: .relaxed)
    let source = DispatchSource.makeSignalSource(signal: SIGWINCH, queue: .global())
    source.setEventHandler { [weak self] in self?.redraw() }
    source.resume()
    let kept = Source(source: source)
    resizing.withLock { $0 = kept }
    let isFirst = Self.current.withLock { current in
      defer { current = self }
      return current == nil
    }
    if isFirst { atexit { Screen.clearCurrent() } }
  }

  /// Draws the line anew at the width of this moment, if one is drawn.
  package func redraw() {
    guard let line = drawn.withLock({ $0?.line }) else { return }
    draw(line)
  }

  /// Takes the line away for a handler of signals that ends the process: with no lock and no memory, as it may have
  /// interrupted anything.
  static func eraseInHandler() {
    guard isDrawn.load(ordering: .relaxed) else { return }
    let erase: StaticString = "\r\u{1B}[K"
    unsafe write(STDERR_FILENO, erase.utf8Start, erase.utf8CodeUnitCount)
  }

  /// Takes away the line of the screen that this process draws on. If another thread is drawing, for example on a
  /// terminal that has been halted, it stays.
  static func clearCurrent() {
    guard let screen = current.withLock({ $0 }) else { return }
    screen.drawn.withLockIfAvailable { screen.clear(&$0) }
  }
}
