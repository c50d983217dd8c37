import Checkpoints
import Foundation
import Supervisor
import Testing

/// What a run directory tells, and what a session leaves.
@Suite struct RecordTests {
  private static func withFolder(_ body: (String) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("record-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url.path)
  }

  private static func write(_ text: String, _ path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  private static func names(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  @Test func `the step that is taken follows the last line of the ledger`() throws {
    try Self.withFolder { folder throws in
      #expect(RunRecord(folder).step == nil)
      try Self.write("{\"step\": 6}\n{\"step\": 7, \"loss\": 1}\n", folder + "/ledger.jsonl")
      #expect(RunRecord(folder).step == 8)
      // A line that is longer than what is read of the end.
      let line = "{\"step\": 8, \"digests\": \"\(String(repeating: "0", count: 5000))\"}\n"
      try Self.write(String(repeating: line, count: 300), folder + "/ledger.jsonl")
      #expect(RunRecord(folder).step == 9)
    }
  }

  @Test func `a failure counts when it is new`() throws {
    try Self.withFolder { folder throws in
      let record = RunRecord(folder)
      let before = record.failureStamp
      #expect(record.failure(since: before) == nil)
      let failure = Failure("a cause", rank: 1, step: 3, exitCode: 4)
      record.write(failure)
      #expect(record.failure(since: before) == failure.record)
      #expect(record.failure(since: record.failureStamp) == nil)
      record.removeFailure()
      #expect(Self.names(folder).isEmpty)
    }
  }

  @Test func `signs of life are steps and growing checkpoints`() throws {
    try Self.withFolder { folder throws in
      let record = RunRecord(folder)
      var seen: Set = [record.signsOfLife]
      for (name, text) in [
        ("ledger.jsonl", "{}\n"), ("checkpoints/.draft/model", "1"), ("checkpoints/.draft/model", "12"),
        ("ledger.jsonl", "{}\n{}\n"),
      ] {
        try Self.write(text, folder + "/" + name)
        #expect(seen.insert(record.signsOfLife).inserted, "\(name)")
        #expect(!seen.insert(record.signsOfLife).inserted)
      }
    }
  }

  @Test func `folders of dead launches are removed, those of living ones are not`() throws {
    try Self.withFolder { folder throws in
      let (dead, living, new) = ("cnn-dist-launch-1-dead", "cnn-dist-launch-1-living", "cnn-dist-launch-1-new")
      try Self.write("", "\(folder)/\(dead)/lock")
      try Self.write("", "\(folder)/\(dead)/ompi.x/0/contact.txt")
      try Self.write("", "\(folder)/\(new)/ompi.x/0/contact.txt")
      try Self.write("", "\(folder)/other/lock")
      try FileManager.default.createDirectory(atPath: "\(folder)/\(living)", withIntermediateDirectories: true)
      let lock = try LaunchSession(name: living, temporary: folder).lock()
      LaunchSession.removeDead(under: folder)
      withExtendedLifetime(lock) {}
      #expect(Self.names(folder) == [living, new, "other"])
    }
  }

  @Test func `processes of a launch are found by its name, and ended`() throws {
    let session = LaunchSession.new()
    let environment = ProcessInfo.processInfo.environment.merging([LaunchSession.variable: session.name]) { $1 }
    // The shell leaves a child behind that nobody has the number of.
    let shell = try ChildProcess(["sh", "-c", "sleep 60 & exit 0"], environment: environment)
    #expect(shell.finish() == .exited(0))
    // For a moment it is still the shell that it was made from.
    for _ in 0..<100 where ProcessTable.processes(of: session.name).map(\.name) == ["sh"] { usleep(20_000) }
    #expect(ProcessTable.processes(of: session.name).map(\.name) == ["sleep"])
    #expect(ProcessTable.end(session.name).isEmpty)
    #expect(ProcessTable.processes(of: session.name).isEmpty)
  }
}
