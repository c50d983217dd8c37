import Checkpoints
import Foundation
import Interchange
import TestSupport
import Testing

@Suite struct JSONLinesTests {
  private func entry(_ step: Int) -> LedgerEntry {
    LedgerEntry(step: step, samples: "aa", loss: 0.1, gradient: "bb", weights: "cc", microBatches: ["dd", "ee"])
  }

  private func line(_ step: Int) -> String {
    #"{"gradient":"bb","loss":0.1,"micro-batches":["dd","ee"],"samples":"aa","step":\#(step),"weights":"cc"}"# + "\n"
  }

  private func withFile(_ text: String? = nil, _ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      let path = Disk.join(directory, "ledger.jsonl")
      if let text { try Disk.write(Array(text.utf8), to: path) }
      try body(path)
      #expect(try Disk.names(in: directory).filter { $0 != "ledger.jsonl" } == [])
    }
  }

  private func text(_ path: String) throws -> String { String(decoding: try Disk.read(path), as: UTF8.self) }

  @Test func `whole lines with stable keys are appended`() throws {
    try withFile { path throws in
      let file = try JSONLinesFile(path)
      for step in 1...3 { try file.append(entry(step)) }
      try file.synchronize()
      try JSONLinesFile(path).append(entry(4))
      #expect(try text(path) == (1...4).map(line).joined())
    }
  }

  @Test func `metrics leave out what was not measured`() throws {
    try withFile { path throws in
      let file = try JSONLinesFile(path)
      try file.append(MetricsEntry(kind: .evaluation, step: 2, epoch: 0.5, loss: .nan, accuracy: 1))
      try file.append(MetricsEntry(kind: .train, step: 3, epoch: 1, loss: 2, learningRate: 0.1, imagesPerSecond: 9.5))
      #expect(
        try text(path) == """
          {"accuracy":1,"epoch":0.5,"kind":"evaluation","loss":"nan","step":2}
          {"epoch":1,"images-per-second":9.5,"kind":"train","learning-rate":0.1,"loss":2,"step":3}

          """)
    }
  }

  @Test func `truncation removes later steps and the cut line`() throws {
    try withFile((1...5).map(line).joined() + line(6).prefix(20)) { path throws in
      #expect(try JSONLinesFile.truncate(path) { $0 < 4 } == 3)
      #expect(try text(path) == (1...3).map(line).joined())
      #expect(try JSONLinesFile.truncate(path) { $0 < 4 } == 0)
      #expect(try JSONLinesFile.truncate(path) { _ in false } == 3)
      #expect(try text(path) == "")
    }
  }

  @Test func `a missing file is empty`() throws {
    try withFile { path throws in
      #expect(try JSONLinesFile.truncate(path) { _ in true } == 0)
      #expect(Disk.kind(of: path) == .missing)
    }
  }

  /// A crash may cut the file after any byte.
  @Test func `every cut is mended`() throws {
    let whole = (1...3).map(line).joined()
    for length in 0...whole.utf8.count {
      try withFile(String(whole.prefix(length))) { path throws in
        let lines = whole.prefix(length).split(separator: "\n").count { $0.hasSuffix("}") }
        let file = try JSONLinesFile(path)
        try file.append(entry(9))
        #expect(try text(path) == (0..<lines).map { line($0 + 1) }.joined() + line(9), "cut to \(length)")
      }
      try withFile(String(whole.prefix(length))) { path throws in
        let lines = whole.prefix(length).split(separator: "\n").count { $0.hasSuffix("}") }
        try JSONLinesFile.truncate(path) { $0 <= 3 }
        #expect(try text(path) == (0..<lines).map { line($0 + 1) }.joined(), "cut to \(length)")
      }
    }
  }

  @Test func `zeros that a power failure left are removed`() throws {
    try withFile(line(1) + String(repeating: "\0", count: 30) + "\n\0\0\n" + line(7)) { path throws in
      #expect(try JSONLinesFile.truncate(path) { $0 < 2 } == 3)
      #expect(try text(path) == line(1))
    }
  }

  @Test func `damage before lines to keep is told with its line`() throws {
    try withFile(line(1) + "garbage\n" + line(2)) { path throws in
      let error = #expect(throws: CheckpointError.self) { try JSONLinesFile.truncate(path) { $0 < 9 } }
      #expect(error?.message.hasPrefix("\(path): line 2 is no JSON object") == true)
      #expect(try text(path) == line(1) + "garbage\n" + line(2))
    }
  }

  @Test func `a full disk is an error`() throws {
    let error = #expect(throws: CheckpointError.self) { try JSONLinesFile("/dev/full").append(entry(1)) }
    #expect(error?.message.contains("No space left on device") == true)
  }
}
