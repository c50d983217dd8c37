import Foundation

/// Starts MPI jobs with a deadline.
enum Launch {
  /// How a job ended.
  struct Result {
    let status: Int32
    let output: String
  }

  /// A job that could not be run to its end.
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs `program` on `ranks` ranks and waits at most `deadline` seconds.
  static func mpirun(ranks: Int, _ program: URL, deadline: Int) throws -> Result {
    let log = FileManager.default.temporaryDirectory.appendingPathComponent("exchange-laws-\(UUID().uuidString).log")
    try Data().write(to: log)
    defer { try? FileManager.default.removeItem(at: log) }
    let job = try start(ranks: ranks, program, log: try FileHandle(forWritingTo: log))
    let ended = wait(for: job, seconds: deadline)
    let output = String(decoding: (try? Data(contentsOf: log)) ?? Data(), as: UTF8.self)
    guard ended else {
      throw Problem(description: "mpirun -n \(ranks) was still running after \(deadline) s and was ended: \(output)")
    }
    return Result(status: job.terminationStatus, output: output)
  }

  private static func start(ranks: Int, _ program: URL, log: FileHandle) throws -> Process {
    let job = Process()
    job.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    job.arguments = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "\(ranks)", program.path]
    // Containers run as root, which Open MPI asks to confirm twice.
    let consent = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]
    job.environment = ProcessInfo.processInfo.environment.merging(consent) { $1 }
    job.standardOutput = log
    job.standardError = log
    try job.run()
    return job
  }

  /// Ends the job if it takes longer; mpirun passes SIGTERM on to its ranks.
  private static func wait(for job: Process, seconds: Int) -> Bool {
    for _ in 0..<seconds * 20 where job.isRunning { usleep(50_000) }
    guard job.isRunning else { return true }
    job.terminate()
    for _ in 0..<100 where job.isRunning { usleep(50_000) }
    if job.isRunning { kill(job.processIdentifier, SIGKILL) }
    return false
  }
}
