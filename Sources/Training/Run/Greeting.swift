import Checkpoints
package import Collectives

/// The first words of the ranks of an MPI job: what each of them was started to do.
///
/// It comes before every other message and has the same form in all commands, so that ranks of different commands
/// understand each other once, and then end, instead of misreading each other's data.
package struct Greeting: Hashable, Sendable {
  /// What every greeting begins with; a rank that says something else is another program.
  private static let mark = "cnn-dist greets"

  /// The program's version.
  package var version: String
  /// The command: "train".
  package var command: String
  /// Options that must be the same on all ranks, as they were typed; "not given" is a value, too.
  package var options: [String: String]

  /// A greeting.
  package init(command: String, options: [String: String?] = [:], version: String = ProgramVersion.text) {
    self.command = command
    self.options = options.mapValues { $0.map { "'\($0)'" } ?? "not given" }
    self.version = version
  }

  /// Exchanges greetings; all ranks call it together before they exchange anything else.
  ///
  /// - Throws: on all ranks the same `RunError` of code `unusable` if the ranks were not started alike.
  package func exchange(_ communicator: any Communicator) throws(RunError) {
    let messages: [[UInt8]]
    do {
      messages = try communicator.allGather(bytes)
    } catch {
      throw RunError(.failed, "rank \(communicator.rank): \(error)")
    }
    if let problem = Greeting.problem(messages) { throw RunError(.unusable, problem, isCollective: true) }
  }

  /// Lines of text: the mark, the version, the command, and a line for each option, in the order of their names. A line
  /// break within a value is written as a space; it would end the line.
  private var bytes: [UInt8] {
    let lines = [Self.mark, version, command] + options.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    return Array(lines.map { $0.split(separator: "\n").joined(separator: " ") }.joined(separator: "\n").utf8)
  }

  /// What another rank said; nil if it was no greeting.
  private init?(_ bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    guard lines.count >= 3, lines.count % 2 == 1, lines[0] == Self.mark else { return nil }
    (version, command, options) = (lines[1], lines[2], [:])
    for index in stride(from: 3, to: lines.count, by: 2) { options[lines[index]] = lines[index + 1] }
  }

  /// What differs between these greetings, in one sentence; nil if nothing does.
  private static func problem(_ messages: [[UInt8]]) -> String? {
    let all = messages.map { Greeting($0) }
    let same = "install the same cnn-dist on every machine"
    let versions = all.map { $0.map { "cnn-dist \($0.version)" } ?? "another program or version" }
    if let groups = difference(versions) { return "\(groups); \(same)" }
    if let groups = difference(all.map { "'cnn-dist \($0?.command ?? "")'" }) {
      return "\(groups); start the same command on all ranks"
    }
    for name in Set(all.flatMap { ($0?.options ?? [:]).keys }).sorted() {
      let values = all.map { $0?.options[name] ?? "not given" }
      if let groups = difference(values) { return "\(name) differs between the ranks: \(groups); give all the same" }
    }
    return nil
  }

  /// Who has what, beginning with rank 0: "rank 0: train, ranks 1-3: evaluate"; nil if all have the same.
  private static func difference(_ values: [String]) -> String? {
    var order: [String] = []
    for value in values where !order.contains(value) { order.append(value) }
    guard order.count > 1 else { return nil }
    let groups = order.map { value in
      SharedProblem(ranks: values.indices.filter { values[$0] == value }, message: value).description
    }
    return groups.prefix(4).joined(separator: ", ") + (groups.count > 4 ? ", …" : "")
  }
}
