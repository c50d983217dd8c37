import Foundation

/// A host and the number of ranks that may run on it.
package struct RankHost: Hashable, Sendable, CustomStringConvertible {
  /// Its name, as ssh takes it.
  package let name: String
  /// Ranks that it takes.
  package let slots: Int

  /// As `mpirun --host` takes it.
  package var description: String { "\(name):\(slots)" }

  /// A host.
  package init(_ name: String, slots: Int) { (self.name, self.slots) = (name, slots) }

  /// Whether it is the machine that this process runs on.
  package var isHere: Bool {
    let own = ProcessInfo.processInfo.hostName
    let short = own.split(separator: ".").first.map(String.init) ?? own
    return ["localhost", "127.0.0.1", own, short].contains(name)
  }

  /// The hosts in a list such as "a:2,b:2"; a host without a number has one slot.
  ///
  /// - Throws: `LaunchError` for anything else.
  package static func list(_ text: String) throws(LaunchError) -> [RankHost] {
    var hosts: [RankHost] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = word.split(separator: ":", omittingEmptySubsequences: false)
      let slots = parts.count == 1 ? 1 : Int(parts[1])
      guard parts.count <= 2, let slots, slots > 0, isName(parts[0]) else {
        throw LaunchError("--hosts: '\(word)' is not NAME or NAME:SLOTS, as in --hosts a:2,b:2")
      }
      hosts.append(RankHost(String(parts[0]), slots: slots))
    }
    return try unique(hosts, "--hosts")
  }

  /// The hosts in the text of a file of Open MPI's form: a host a line, `NAME slots=N`; `#` begins a comment.
  ///
  /// - Throws: `LaunchError` that names the file and the line.
  package static func file(_ text: String, path: String) throws(LaunchError) -> [RankHost] {
    var hosts: [RankHost] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let name = words.first else { continue }
      let slots = words.count == 1 ? 1 : words[1].hasPrefix("slots=") ? Int(words[1].dropFirst(6)) : nil
      guard words.count <= 2, let slots, slots > 0, isName(name) else {
        throw LaunchError("\(path), line \(index + 1): '\(line)' is not NAME slots=N")
      }
      hosts.append(RankHost(String(name), slots: slots))
    }
    guard !hosts.isEmpty else { throw LaunchError("\(path) names no host; write lines such as: localhost slots=2") }
    return try unique(hosts, path)
  }

  /// A name that begins with a hyphen would be an option of ssh.
  private static func isName(_ text: Substring) -> Bool {
    !text.isEmpty && text.first != "-" && text.allSatisfy { $0.isLetter || $0.isNumber || "-_.@".contains($0) }
  }

  private static func unique(_ hosts: [RankHost], _ source: String) throws(LaunchError) -> [RankHost] {
    let names = hosts.map(\.name)
    guard let twice = names.first(where: { name in names.count { $0 == name } > 1 }) else { return hosts }
    throw LaunchError("\(source): \(twice) is named twice; name each host once, with all its slots")
  }
}

/// Why nothing can be launched: one sentence. The exit code is 2.
package struct LaunchError: Error, CustomStringConvertible, Hashable {
  /// The sentence.
  package let description: String

  /// An error with a sentence.
  package init(_ description: String) { self.description = description }
}

/// What `cnn-dist launch` is asked for.
package struct LaunchRequest: Sendable {
  /// What reaches a host unless something else is named.
  package static let usualAgent = "ssh"

  /// Ranks of a try, where there is room for them.
  package var ranks: Int
  /// Where they run; empty for this machine alone.
  package var hosts: [RankHost] = []
  /// A file of hosts, read before each try; it replaces `hosts`.
  package var hostFile: String?
  /// The program that runs a command on a host, called as `AGENT HOST COMMAND…`.
  package var agent = LaunchRequest.usualAgent
  /// mpirun, by name or path.
  package var mpirun = "mpirun"
  /// Restarts in all.
  package var maxRestarts = 3
  /// Ranks without which no try is made.
  package var minRanks = 1
  /// Seconds for saving after a request to stop; nil to wait as long as the run shows signs of life.
  package var grace: Double?
  /// More words for mpirun.
  package var mpirunOptions: [String] = []
  /// The words of the command line before the job, to repeat them in "to go on".
  package var words: [String] = ["launch"]
  /// Whether Open MPI's own words and the reasons of the flags are shown.
  package var isVerbose = false
  /// The path of cnn-dist.
  package var executable: String
  /// What the ranks run.
  package var job: RankJob

  /// A request for so many ranks of a job.
  package init(ranks: Int, executable: String, job: RankJob) {
    (self.ranks, self.executable, self.job) = (ranks, executable, job)
  }
}
