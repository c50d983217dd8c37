import Collectives
import Foundation
import TestSupport
import Testing
import Training

/// The whole job, with ranks that are threads: `ThreadCluster` fails if a rank sends what nobody receives.
@Suite struct TrainerTests {
  /// Evaluations at the last step, before it as well, and at the end only.
  @Test(
    .timeLimit(.minutes(4)),
    arguments: ["evaluate.every-epochs=1", "evaluate.every-epochs=0.5", "evaluate.every-epochs=null"])
  func `all ranks end together and leave no message behind`(evaluate: String) throws {
    try withTemporaryDirectory { folder throws in
      _ = prepared
      let request = TrainRequest(
        overrides: [
          "model=mlp", "data.train-count=64", "data.test-count=40", "train.global-batch=16", "train.micro-batch=4",
          "train.epochs=2", "lanes=1", evaluate,
        ], runDirectory: folder + "/run")
      try ThreadCluster.run(ranks: 3, deadline: .seconds(120)) { communicator in
        let trainer = Trainer(
          request, communicator: communicator, coresPerRank: 1, signals: StopSignals(), console: Console(isSilent: true)
        )
        try trainer.run()
      }
      #expect(FileManager.default.fileExists(atPath: folder + "/run/summary.json"))
    }
  }
}
