import Foundation
import Interchange

/// Why a try has failed. Its JSON form is the file `failure.json` of a run directory, which a rank writes that finds or
/// suffers a failure, or, where no rank could, the launch.
package struct Failure: Codable, Hashable, Sendable {
  /// The cause, as a phrase or sentence.
  package var cause: String
  /// The rank that failed.
  package var rank: Int?
  /// Its host.
  package var host: String?
  /// The step that was being taken.
  package var step: Int?
  /// The exit code; 128 + the number of a signal.
  package var exitCode: Int32?
  /// The signal that ended the rank, as far as mpirun tells.
  package var signal: Int32?
  /// Whether the system ended it for want of memory.
  package var isOutOfMemory = false

  /// The name of the file in a run directory.
  package static let fileName = "failure.json"

  /// The exit code with which ranks end of which one has died; its signal is not always known.
  private static let died: Int32 = 4

  private enum CodingKeys: String, CodingKey {
    case cause, rank, host, step
    case exitCode = "exit-code"
  }

  /// A failure with a cause.
  package init(_ cause: String, rank: Int? = nil, host: String? = nil, step: Int? = nil, exitCode: Int32? = nil) {
    (self.cause, self.rank, self.host, self.step, self.exitCode) = (cause, rank, host, step, exitCode)
  }

  /// The failure of a try that has ended without success.
  ///
  /// - Parameters:
  ///   - record: what a rank has written into the run directory during the try.
  ///   - output: what mpirun has said.
  ///   - ending: how mpirun has ended.
  ///   - isOutOfMemory: whether the system has ended a process for want of memory during the try.
  package init(record: Failure?, output: MpirunOutput, ending: ChildProcess.Ending, isOutOfMemory: Bool) {
    let verdict = output.verdict
    signal = verdict?.signal
    self.isOutOfMemory = isOutOfMemory && signal == SIGKILL
    if let record {
      (cause, step) = (record.cause, record.step)
      (rank, host) = (record.rank ?? verdict?.rank, record.host ?? verdict?.host)
      exitCode = record.exitCode ?? ending.code
    } else if let signal {
      cause = "ended by signal \(signal) (\(Self.name(ofSignal: signal)))"
      if self.isOutOfMemory { cause += ": the system had no memory left for it (oom_kill of its control group)" }
      (rank, host, exitCode) = (verdict?.rank, verdict?.host, 128 + signal)
    } else if let error = output.errors.first {
      // A sentence without a rank is that of all of them.
      let name = error.prefixMatch(of: #/rank (\d+) on (\S+): /#)
      (cause, exitCode) = (String(error[(name?.range.upperBound ?? error.startIndex)...]), ending.code)
      (rank, host) = (name.flatMap { Int($0.1) }, name.map { String($0.2) })
    } else {
      (cause, rank, exitCode) = (Self.cause(output, ending), verdict?.rank, ending.code)
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
    return (step, cause, signal, isOutOfMemory) == (other.step, other.cause, other.signal, other.isOutOfMemory)
  }

  private var isFromOutside: Bool {
    guard !isOutOfMemory else { return false }
    guard let signal else { return exitCode == Self.died }
    return ![SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP].contains(signal)
  }

  /// One sentence: who, what, when.
  package var sentence: String {
    let who = rank.map { "rank \($0)" + (host.map { " on \($0)" } ?? "") }
    let when = step.map { cause.contains("step \($0)") ? "" : " (step \($0))" } ?? ""
    return [who, cause].compactMap(\.self).joined(separator: ": ") + when
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

  /// The failure in the text of a file; nil if it is none.
  package init?(json bytes: [UInt8]) {
    guard let read = try? JSONDecoder().decode(Failure.self, from: Data(bytes)) else { return nil }
    self = read
  }

  /// The text of the file.
  package var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(((try? encoder.encode(self)) ?? Data()) + Data("\n".utf8))
  }
}
