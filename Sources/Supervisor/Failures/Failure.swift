package import Checkpoints
import Foundation

/// Why a try has failed: what stands in `failure.json`, and what mpirun and the system tell beside it.
@dynamicMemberLookup
package struct Failure: Hashable, Sendable {
  /// What `failure.json` holds, or will.
  package var record: FailureRecord
  /// The signal that ended the rank, as far as mpirun tells.
  package var signal: Int32?
  /// Whether the system ended it for want of memory.
  package var isOutOfMemory = false

  /// A failure with a cause.
  package init(_ cause: String, rank: Int? = nil, host: String? = nil, step: Int? = nil, exitCode: Int32? = nil) {
    record = FailureRecord(cause, rank: rank, host: host, step: step, exitCode: exitCode)
  }

  /// The parts of the record.
  package subscript<Value>(dynamicMember path: WritableKeyPath<FailureRecord, Value>) -> Value {
    get { record[keyPath: path] }
    set { record[keyPath: path] = newValue }
  }

  /// The failure of a try that has ended without success.
  ///
  /// - Parameters:
  ///   - record: what a rank has written into the run directory during the try.
  ///   - output: what mpirun has said.
  ///   - ending: how mpirun has ended.
  ///   - isOutOfMemory: whether the system has ended a process for want of memory during the try.
  package init(record written: FailureRecord?, output: MpirunOutput, ending: ChildProcess.Ending, isOutOfMemory: Bool) {
    let verdict = output.verdict
    signal = verdict?.signal
    self.isOutOfMemory = isOutOfMemory && signal == SIGKILL
    let memory = self.isOutOfMemory ? ": the system had no memory left for it (oom_kill of its control group)" : ""
    let ended = signal.map { "ended by signal \($0) (\(Self.name(ofSignal: $0)))" + memory }
    if let written {
      record = written
      (record.rank, record.host) = (written.rank ?? verdict?.rank, written.host ?? verdict?.host)
      record.exitCode = written.exitCode ?? ending.code
      // The other ranks see that one is gone; how it ended only mpirun knows, and tells of the first.
      if let ended, written.exitCode == FailureRecord.died { record.cause = ended }
    } else if let signal, let ended {
      record = FailureRecord(ended, rank: verdict?.rank, host: verdict?.host, exitCode: 128 + signal)
    } else if let error = output.errors.first {
      // A sentence without a rank is that of all of them.
      let name = error.prefixMatch(of: #/rank (\d+) on (\S+): /#)
      record = FailureRecord(
        String(error[(name?.range.upperBound ?? error.startIndex)...]), rank: name.flatMap { Int($0.1) },
        host: name.map { String($0.2) }, exitCode: ending.code)
    } else {
      record = FailureRecord(Self.cause(output, ending), rank: verdict?.rank, exitCode: ending.code)
      if case .signalled(let number) = ending { signal = number }
    }
  }

  private static func cause(_ output: MpirunOutput, _ ending: ChildProcess.Ending) -> String {
    if let complaint = output.complaint, output.verdict == nil { return "mpirun could not run it: \(complaint)" }
    if let code = output.verdict?.exitCode { return "ended with exit code \(code)" }
    switch ending {
    case .exited(let code): return "mpirun ended with exit code \(code)"
    case .signalled(let number): return "mpirun was ended by signal \(number) (\(name(ofSignal: number)))"
    }
  }

  /// Whether another failure is the same again, so that one more try would end like this one. A signal from outside
  /// (SIGKILL, SIGTERM and their like) tells nothing about the next try, unless memory was short.
  package func isRepeated(by other: Failure) -> Bool {
    guard !isFromOutside, !other.isFromOutside else { return false }
    return (record.step, record.cause) == (other.record.step, other.record.cause)
      && (signal, isOutOfMemory) == (other.signal, other.isOutOfMemory)
  }

  private var isFromOutside: Bool {
    guard !isOutOfMemory else { return false }
    guard let signal else { return record.exitCode == FailureRecord.died }
    return ![SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP].contains(signal)
  }

  /// One sentence: who, what, when.
  package var sentence: String {
    let who = record.rank.map { "rank \($0)" + (record.host.map { " on \($0)" } ?? "") }
    let when = record.step.map { record.cause.contains("step \($0)") ? "" : " (step \($0))" } ?? ""
    return [who, record.cause].compactMap(\.self).joined(separator: ": ") + when
  }

  /// The usual name of a signal.
  package static func name(ofSignal number: Int32) -> String {
    let names: [Int32: String] = [
      SIGKILL: "SIGKILL", SIGTERM: "SIGTERM", SIGINT: "SIGINT", SIGHUP: "SIGHUP", SIGSEGV: "SIGSEGV", SIGBUS: "SIGBUS",
      SIGILL: "SIGILL", SIGFPE: "SIGFPE", SIGABRT: "SIGABRT", SIGUSR1: "SIGUSR1", SIGUSR2: "SIGUSR2",
      SIGPIPE: "SIGPIPE", SIGXCPU: "SIGXCPU", SIGSYS: "SIGSYS", SIGTRAP: "SIGTRAP", SIGQUIT: "SIGQUIT",
      SIGALRM: "SIGALRM",
    ]
    return names[number] ?? "signal \(number)"
  }
}
