// Checks the laws of the exchange on the ranks of an MPI job: mpirun -n 4 exchange-laws
import Collectives
import Foundation
import MPITransport
import Synchronization
import TestSupport

/// Ends the job when a law takes too long, naming it.
final class Watchdog: Sendable {
  private let current = Mutex((law: "the start of MPI", since: ContinuousClock.now))

  /// Starts to watch; no law may take longer than `limit`.
  init(limit: Duration) {
    let thread = Thread {
      while true {
        usleep(200_000)
        let (law, since) = self.current.withLock { $0 }
        if ContinuousClock.now - since > limit { Self.end(law) }
      }
    }
    thread.start()
  }

  /// The next law begins.
  func begin(_ law: String) {
    current.withLock { $0 = (law, ContinuousClock.now) }
  }

  /// Only the main thread may call MPI, so the process ends without a farewell; the launcher then ends
  /// the job.
  private static func end(_ law: String) {
    report("this law hangs: \(law)")
    _exit(1)
  }
}

/// Writes a line to the standard error.
func report(_ text: String) {
  FileHandle.standardError.write(Data("exchange-laws: \(text)\n".utf8))
}

let watchdog = Watchdog(limit: .seconds(60))
do {
  try MPISession.run { world in
    do {
      try ExchangeLaws(seed: 1, cases: 12).check(on: world) { watchdog.begin($0) }
      if world.rank == 0 { print("all laws hold on \(world.size) ranks") }
      watchdog.begin("the end of MPI")
    } catch {
      report("rank \(world.rank) on \(world.host): \(error)")
      world.abort(code: 1)
    }
  }
} catch {
  report("\(error)")
  exit(1)
}
