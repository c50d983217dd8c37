/// What comes out of the standard error of mpirun: the words of the ranks, which go on to the user as they come, and
/// the blocks of Open MPI, which are held back, as they bury the cause.
package struct MpirunOutput: Sendable {
  /// The blocks of Open MPI so far, in order, without their rulers.
  package private(set) var blocks: [[String]] = []
  /// The sentences with which ranks of cnn-dist have reported errors, without "cnn-dist: error: ".
  package private(set) var errors: [String] = []

  private static let errorMark = "cnn-dist: error: "
  /// So many lines of blocks are kept: a thousand ranks can fail.
  private static let limit = 2000
  private var block: [String]?
  private var rest: [UInt8] = []
  private var kept = 0

  /// Nothing has come.
  package init() {}

  /// Takes bytes as they come; returns the whole lines among them that go on to the user.
  package mutating func take(_ bytes: [UInt8]) -> [String] {
    rest += bytes
    guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    let lines = rest[...end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    rest.removeSubrange(...end)
    return lines.compactMap { pass(String(decoding: $0, as: UTF8.self)) }
  }

  /// The end: a line without an end is one, too, and a block without an end is taken for words of the ranks.
  package mutating func finish() -> [String] {
    let last = rest.isEmpty ? [] : take([UInt8(ascii: "\n")])
    defer { block = nil }
    return last + (block ?? [])
  }

  private mutating func pass(_ line: String) -> String? {
    if Self.isRuler(line) {
      if let block { blocks.append(block) }
      block = block == nil ? [] : nil
      return nil
    }
    if line.hasPrefix(Self.errorMark) {
      if errors.count < Self.limit { errors.append(String(line.dropFirst(Self.errorMark.count))) }
      return line
    }
    if block != nil, !line.hasPrefix("cnn-dist: ") {
      kept += 1
      if kept < Self.limit { block?.append(line) }
      return nil
    }
    return Self.isAside(line) ? nil : line
  }

  private static func isRuler(_ line: String) -> Bool { line.count >= 70 && line.allSatisfy { $0 == "-" } }

  /// "[host:123] 3 more processes have sent help message …" and its like, and what mpirun says of each signal.
  private static func isAside(_ line: String) -> Bool {
    if line.hasPrefix("mpirun: Forwarding signal") { return true }
    return line.hasPrefix("[")
      && (line.contains("more process") || line.contains("orte_base_help_aggregate") || line.contains("PMIX ERROR"))
  }
}

extension MpirunOutput {
  /// What mpirun says of the process that failed first.
  package struct Verdict: Hashable, Sendable {
    /// Its rank.
    package var rank: Int?
    /// Where it ran.
    package var host: String?
    /// The signal that ended it.
    package var signal: Int32?
    /// The code that it left with.
    package var exitCode: Int32?

    /// What is known of a process.
    package init(rank: Int?, host: String? = nil, signal: Int32? = nil, exitCode: Int32? = nil) {
      (self.rank, self.host, self.signal, self.exitCode) = (rank, host, signal, exitCode)
    }
  }

  /// What mpirun says; nil if it says nothing of a process.
  package var verdict: Verdict? {
    let texts = blocks.map { $0.joined(separator: " ") }
    return texts.lazy.compactMap(Self.signalled).first ?? texts.lazy.compactMap(Self.aborted).first
      ?? texts.lazy.compactMap(Self.left).first
  }

  /// "mpirun noticed that process rank 1 with PID 0 on node vm exited on signal 9 (Killed)."
  private static func signalled(_ text: String) -> Verdict? {
    guard let match = text.firstMatch(of: #/process rank (\d+) with PID \d+ on node (\S+) exited on signal (\d+)/#)
    else {
      return nil
    }
    return Verdict(rank: Int(match.1), host: String(match.2), signal: Int32(match.3))
  }

  /// "MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD with errorcode 1."
  private static func aborted(_ text: String) -> Verdict? {
    guard let match = text.firstMatch(of: #/MPI_ABORT was invoked on rank (\d+) in .*?with errorcode (\d+)/#) else {
      return nil
    }
    return Verdict(rank: Int(match.1), exitCode: Int32(match.2))
  }

  /// "Process name: [[26005,1],0] Exit code: 2"
  private static func left(_ text: String) -> Verdict? {
    guard let match = text.firstMatch(of: #/Process name: \[\[\d+,\d+\],(\d+)\]\s+Exit code:\s+(\d+)/#) else {
      return nil
    }
    return Verdict(rank: Int(match.1), exitCode: Int32(match.2))
  }

  /// What Open MPI says where no process has failed, as one sentence: why it could start none.
  package var complaint: String? {
    let text = blocks.first?.map { $0.trimmingPrefix { $0 == " " } }.prefix { !$0.isEmpty }.joined(separator: " ")
    return text.flatMap { $0.isEmpty ? nil : String($0.prefix(300)) }
  }
}
