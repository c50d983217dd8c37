/// What the environment tells about the launcher that has started this process as one of several.
package struct LaunchedJob: Hashable, Sendable {
  /// The launcher, for messages: "mpirun", "srun".
  package let launcher: String
  /// The number of processes that it has started; as many as are known of where it does not tell.
  package let size: Int
  /// This process's number among them, from 0.
  package let rank: Int?
  /// What to start instead, so that the processes find each other.
  package let remedy: String

  /// One launcher: the variables by which its processes know themselves.
  private struct Kind {
    let launcher: String
    let size: [String]
    let rank: [String]
    let remedy: String
    /// Whether the variables count only where this holds.
    var applies: @Sendable ([String: String]) -> Bool = { _ in true }
  }

  /// The innermost launcher first: mpirun in a job of Slurm leaves Slurm's variables in place, which then count the
  /// daemons of mpirun, one on each machine.
  private static let kinds: [Kind] = [
    Kind(launcher: "mpirun", size: ["OMPI_COMM_WORLD_SIZE"], rank: ["OMPI_COMM_WORLD_RANK"], remedy: openMPI),
    Kind(
      launcher: "srun", size: ["SLURM_STEP_NUM_TASKS"], rank: ["PMIX_RANK"], remedy: slurm,
      applies: { $0["PMIX_RANK"] != nil && $0["SLURM_STEP_NUM_TASKS"] != nil }),
    Kind(launcher: "a launcher with PMIx", size: [], rank: ["PMIX_RANK"], remedy: openMPI),
    Kind(
      launcher: slurmWithPMI, size: ["PMI_SIZE"], rank: ["PMI_RANK"], remedy: slurm,
      applies: { $0["SLURM_STEP_NUM_TASKS"] != nil }),
    Kind(launcher: "the mpirun of another MPI", size: ["PMI_SIZE"], rank: ["PMI_RANK"], remedy: openMPI),
    Kind(
      launcher: "the mpirun of MVAPICH", size: ["MV2_COMM_WORLD_SIZE"], rank: ["MV2_COMM_WORLD_RANK"], remedy: openMPI),
    Kind(
      launcher: "the mpirun of another MPI", size: ["MPI_LOCALNRANKS"], rank: ["MPI_LOCALRANKID"], remedy: openMPI),
    Kind(launcher: "PALS", size: ["PALS_SIZE", "PALS_LOCAL_SIZE"], rank: ["PALS_RANKID"], remedy: openMPI),
    Kind(launcher: "aprun", size: [], rank: ["ALPS_APP_PE"], remedy: openMPI),
    Kind(launcher: "jsrun", size: ["JSM_NAMESPACE_SIZE"], rank: ["JSM_NAMESPACE_RANK"], remedy: openMPI),
    Kind(
      launcher: "flux run", size: ["FLUX_JOB_SIZE"], rank: ["FLUX_TASK_RANK"], remedy: openMPI,
      applies: { $0["FLUX_TASK_RANK"] != nil }),
    Kind(
      launcher: "srun", size: ["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_NPROCS"], rank: ["SLURM_PROCID"],
      remedy: slurm, applies: isStep),
    Kind(
      launcher: "torchrun", size: ["WORLD_SIZE"], rank: ["RANK"], remedy: openMPI,
      applies: { $0["WORLD_SIZE"] != nil && $0["RANK"] != nil }),
  ]

  private static let slurmWithPMI = "srun with PMI"
  private static let openMPI = "start it with the mpirun of Open MPI, as in: mpirun -n 4"
  private static let slurm = "start it with: srun --mpi=pmix, or with mpirun in the batch script"

  /// Whether Slurm has started the process by `srun`: a batch script has the number of tasks of its whole job, but it
  /// is one process and no step. Steps of Slurm's own (batch, extern, interactive) have numbers near 2^32.
  private static let isStep: @Sendable ([String: String]) -> Bool = { environment in
    guard environment["SLURM_PROCID"] != nil else { return false }
    if environment["SLURM_STEP_NUM_TASKS"] != nil { return true }
    let step = (environment["SLURM_STEP_ID"] ?? environment["SLURM_STEPID"]).flatMap(UInt32.init)
    return step.map { $0 < 0xFFFF_FFF0 } ?? false
  }

  /// The job of a process with this environment; nil if nothing has started it as one of several.
  package init?(in environment: [String: String]) {
    for kind in Self.kinds where kind.applies(environment) {
      let rank = kind.rank.lazy.compactMap { Self.count(environment[$0]) }.first
      let size = kind.size.lazy.compactMap { Self.count(environment[$0]) }.first
      guard rank != nil || size != nil else { continue }
      // The innermost launcher decides, also that there is one process alone.
      let count = max(size ?? 1, (rank ?? 0) + 1)
      guard count > 1 else { return nil }
      (launcher, self.size, self.rank, remedy) = (kind.launcher, count, rank, kind.remedy)
      return
    }
    return nil
  }

  private static func count(_ text: String?) -> Int? { text.flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil } }

  /// What to say before MPI is started, where it may fail to start; nil where it will start, and on all processes but
  /// the first.
  package var caution: String? {
    guard launcher == Self.slurmWithPMI, rank == 0 else { return nil }
    return "srun offers PMI, which Open MPI knows only if it was built for it; if MPI cannot start, \(remedy)"
  }

  /// The sentence for a process that cannot join the others.
  package var refusal: String {
    let which = rank.map { "process \($0) of \(size)" } ?? "one of \(size) processes"
    return "this is \(which) that \(launcher) has started, but it cannot join the others through MPI, and each would "
      + "run alone; \(remedy) (or let each run alone with --alone)"
  }
}
