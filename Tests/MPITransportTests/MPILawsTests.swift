import MPITransport
import TestSupport
import Testing

/// Runs the laws of the exchange over real MPI: `mpirun` on the executable `exchange-laws`.
@Suite(.serialized) struct MPILawsTests {
  @Test(.timeLimit(.minutes(6)), arguments: [1, 2, 3, 4])
  func `the laws hold under MPI`(ranks: Int) throws {
    let laws = try Programs.path(of: "exchange-laws")
    let result = try Programs.run(Programs.mpirun(ranks: ranks, [laws]), deadline: 240)
    #expect(result.status == 0, "mpirun -n \(ranks): \(result.everything)")
    #expect(result.output.contains("all laws hold on \(ranks) ranks"), "mpirun -n \(ranks): \(result.everything)")
  }
}

@Suite struct MPISessionTests {
  @Test(arguments: ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"])
  func `a launcher is known by its variables`(name: String) {
    #expect(MPISession.isLaunched(in: [name: "0"]))
  }

  @Test func `a batch job alone is no launcher`() {
    #expect(!MPISession.isLaunched(in: ["SLURM_PROCID": "0", "SLURM_JOB_ID": "7", "PATH": "/bin"]))
  }
}
