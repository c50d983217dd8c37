import Collectives
import Foundation
import RankWatch
import Synchronization
import Testing

/// Watching over real sockets, on a cluster of threads. Verdicts end the process, so they are tested by command.
@Suite struct RankWatchTests {
  private static let silent = RankWatch.Reporter(waiting: { _, _, _ in }, verdict: { _, _, _ in 99 })

  @Test(.timeLimit(.minutes(4)), arguments: [2, 3, 5])
  func `a stop that is asked for on one rank reaches all others`(ranks: Int) throws {
    let results = try ThreadCluster.run(ranks: ranks, deadline: .seconds(30)) { communicator in
      let watch = try RankWatch(communicator, reporter: Self.silent)
      if communicator.rank == ranks - 1 { watch.passOnStop() }
      let deadline = ContinuousClock.now + .seconds(10)
      while communicator.rank != ranks - 1, !watch.isStopPassedOn, ContinuousClock.now < deadline { usleep(1000) }
      let heard = watch.isStopPassedOn
      try communicator.barrier()
      watch.end()
      return heard
    }
    #expect(results == (0..<ranks).map { $0 != ranks - 1 })
  }

  @Test(.timeLimit(.minutes(4)))
  func `watching ends in order however often it begins`() throws {
    for _ in 0..<5 {
      _ = try ThreadCluster.run(ranks: 4, deadline: .seconds(30)) { communicator in
        let watch = try RankWatch(communicator, reporter: Self.silent)
        communicator.activity.begin(step: 3)
        try communicator.barrier()
        watch.end()
      }
    }
  }
}
