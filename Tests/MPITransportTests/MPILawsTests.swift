import Foundation
import MPITransport
import Testing

/// Runs the laws of the exchange over real MPI: `mpirun` on the executable `exchange-laws`.
@Suite(.serialized) struct MPILawsTests {
  @Test(.timeLimit(.minutes(2)), arguments: [1, 2, 3, 4])
  func holdUnderMPI(ranks: Int) throws {
    let laws = try #require(Self.executable(named: "exchange-laws"), "exchange-laws is not built beside the tests")
    let result = try Launch.mpirun(ranks: ranks, laws, deadline: 100)
    #expect(result.status == 0, "mpirun -n \(ranks): \(result.output)")
    #expect(result.output.contains("all laws hold on \(ranks) ranks"), "mpirun -n \(ranks): \(result.output)")
  }

  /// The build's products lie in the folder of the test bundle, or above it.
  private static func executable(named name: String) -> URL? {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    for _ in 0..<5 {
      folder.deleteLastPathComponent()
      let candidate = folder.appendingPathComponent(name)
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    }
    return nil
  }
}

@Suite struct MPISessionTests {
  @Test(arguments: ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"])
  func aLauncherIsKnownByItsVariables(name: String) {
    #expect(MPISession.isLaunched(in: [name: "0"]))
  }

  @Test func aBatchJobAloneIsNoLauncher() {
    #expect(!MPISession.isLaunched(in: ["SLURM_PROCID": "0", "SLURM_JOB_ID": "7", "PATH": "/bin"]))
  }
}
