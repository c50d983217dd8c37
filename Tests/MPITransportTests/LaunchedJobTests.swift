import MPITransport
import Testing

/// Whether a process is one of several, from the variables that launchers set.
struct LaunchedJobTests {
  /// What Slurm 22.05 sets in a batch script of four tasks.
  private static let batch = [
    "SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_NPROCS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0",
    "SLURM_NODEID": "0", "SLURM_TASKS_PER_NODE": "4", "SLURM_JOB_NUM_NODES": "1",
  ]

  /// What it sets in a step.
  private static func step(_ tasks: Int, _ rank: Int) -> [String: String] {
    batch.merging([
      "SLURM_STEP_ID": "0", "SLURM_STEPID": "0", "SLURM_STEP_NUM_TASKS": "\(tasks)", "SLURM_NTASKS": "\(tasks)",
      "SLURM_PROCID": "\(rank)",
    ]) { $1 }
  }

  @Test func `tasks of a step are several, whatever Slurm offers them`() throws {
    let job = try #require(LaunchedJob(in: Self.step(2, 1)))
    #expect(job.size == 2 && job.rank == 1)
    #expect(!MPISession.isLaunched(in: Self.step(2, 1)))
    #expect(job.refusal.contains("srun --mpi=pmix") && job.refusal.contains("--alone"), "\(job.refusal)")
    let old = Self.step(3, 2).filter { $0.key != "SLURM_STEP_NUM_TASKS" }
    #expect(LaunchedJob(in: old)?.size == 3)
    let pmix = Self.step(2, 0).merging(["PMIX_RANK": "0"]) { $1 }
    #expect(LaunchedJob(in: pmix)?.size == 2 && MPISession.isLaunched(in: pmix))
    let pmi = Self.step(2, 0).merging(["PMI_RANK": "0", "PMI_SIZE": "2"]) { $1 }
    #expect(LaunchedJob(in: pmi)?.refusal.contains("srun --mpi=pmix") == true)
  }

  @Test func `a process within a batch script is alone`() {
    #expect(LaunchedJob(in: Self.batch) == nil)
    #expect(LaunchedJob(in: Self.step(1, 0)) == nil)
    for number in ["4294967291", "4294967290", "4294967292"] {
      let own = Self.batch.merging(["SLURM_STEP_ID": number]) { $1 }
      #expect(LaunchedJob(in: own) == nil, "a step of Slurm's own: \(number)")
    }
    #expect(LaunchedJob(in: [:]) == nil)
    #expect(LaunchedJob(in: ["PATH": "/usr/bin", "RANK": "3", "WORLD_SIZE": "x"])?.size == 4)
    #expect(LaunchedJob(in: ["WORLD_SIZE": "8"]) == nil, "torchrun sets RANK too")
  }

  @Test func `the innermost launcher counts`() {
    // Daemons of mpirun are the tasks of a step, one on each machine; ranks inherit their variables.
    let inner = Self.step(4, 2).merging(["OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"]) { $1 }
    #expect(LaunchedJob(in: inner) == nil)
    let several = Self.step(2, 0).merging(["OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_RANK": "5"]) { $1 }
    #expect(LaunchedJob(in: several)?.size == 8 && LaunchedJob(in: several)?.rank == 5)
  }

  @Test(arguments: [
    ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"], ["PMI_SIZE": "2", "PMI_RANK": "1"], ["PMIX_RANK": "1"],
    ["MV2_COMM_WORLD_SIZE": "2", "MV2_COMM_WORLD_RANK": "0"], ["MPI_LOCALNRANKS": "2", "MPI_LOCALRANKID": "0"],
    ["PALS_RANKID": "1"], ["ALPS_APP_PE": "1"], ["JSM_NAMESPACE_SIZE": "2", "JSM_NAMESPACE_RANK": "0"],
    ["FLUX_JOB_SIZE": "2", "FLUX_TASK_RANK": "0"], ["WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"],
  ])
  func `every launcher is known`(environment: [String: String]) throws {
    let job = try #require(LaunchedJob(in: environment))
    #expect(job.size == 2)
    let alone = environment.mapValues { $0 == "2" ? "1" : "0" }
    #expect(LaunchedJob(in: alone) == nil, "one process is alone")
  }
}
