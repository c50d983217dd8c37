import Dispatch
import Foundation
import Synchronization

/// What the operating system has asked for: SIGINT, SIGTERM and SIGUSR2 mean save and stop, SIGUSR1 means save and go on.
///
/// SIGUSR2 is there for `kill -USR2` on mpirun, which passes it on to all ranks at once. SIGINT and SIGTERM it follows
/// itself: SIGTERM to the ranks after a second, and SIGKILL a second later.
package final class StopSignals: Sendable {
  private let stop = Atomic<Bool>(false)
  private let save = Atomic<Bool>(false)
  private let sources = Mutex<[Source]>([])

  /// Dispatch sources may be used from any thread; they are only not marked so.
  private struct Source: @unchecked Sendable {
    let source: any DispatchSourceSignal
  }

  /// Nothing was asked for yet.
  package init() {}

  /// Starts to listen. A second SIGINT ends the process at once, without saving.
  package func listen() {
    for number in [SIGINT, SIGTERM, SIGUSR1, SIGUSR2] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [self] in receive(number) }
      source.resume()
      let kept = Source(source: source)
      sources.withLock { $0.append(kept) }
    }
    // A full quota must come back as an error of write, not end the process.
    signal(SIGXFSZ, SIG_IGN)
  }

  private func receive(_ number: Int32) {
    if number == SIGUSR1 {
      save.store(true, ordering: .relaxed)
    } else if stop.exchange(true, ordering: .relaxed), number == SIGINT {
      exit(130)
    }
  }

  /// Asks to save and stop.
  package func requestStop() { stop.store(true, ordering: .relaxed) }

  /// The wishes since the last call; a wish to stop stays.
  func votes() -> Votes {
    var votes = Votes()
    votes.stop = stop.load(ordering: .relaxed)
    votes.save = save.exchange(false, ordering: .relaxed)
    return votes
  }
}
