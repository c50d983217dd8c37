import Checkpoints
import Foundation
import Interchange
import Synchronization
import TestSupport
import Testing

/// What a commit is made on top of.
enum Past: CaseIterable, Sendable {
  /// Nothing was committed before.
  case none
  /// An earlier step is there.
  case earlier
  /// The same step is there, with other contents.
  case same
  /// So many that the oldest is removed, and one that is the best.
  case many

  /// The checkpoints that stand before the commit of step 9.
  var committed: [CheckpointContents] {
    switch self {
    case .none: []
    case .earlier: [contents(step: 5)]
    case .same: [contents(step: 5), contents(step: 9, seed: 2)]
    case .many: (1...5).map { contents(step: $0) }
    }
  }

  /// The steps that no commit of step 9 removes if it keeps two or more.
  var lasting: [Int] {
    switch self {
    case .none: []
    case .earlier, .many: [5]
    case .same: [5, 9]
    }
  }

  /// Commits them into `directory`.
  func prepare(_ directory: String) throws {
    for old in committed {
      try CheckpointStore(directory: directory).commit(old, keep: 2, best: old.state.step == 2)
    }
  }
}

@Suite struct InterruptedCommitTests {
  /// What is committed.
  static let new = contents(step: 9)

  /// Checks that a directory, whatever was interrupted in it, holds the old checkpoint or the new one, whole, and that
  /// the next commit succeeds in it and tidies up.
  static func expectWhole(_ directory: String, after past: Past, _ stage: String) throws {
    let store = CheckpointStore(directory: directory)
    let found = try store.loadLatest()
    #expect(found == past.committed.last || found == new, "\(stage)")
    if Disk.target(ofLink: Disk.join(directory, "latest")) != nil {
      let linked = try CheckpointStore.load(Disk.join(directory, "latest"))
      #expect(linked == past.committed.last || linked == new, "\(stage)")
    }
    for entry in store.list() { _ = try CheckpointStore.load(entry.path) }
    try store.commit(contents(step: 10), keep: 9, best: false)
    #expect(try store.loadLatest() == contents(step: 10), "\(stage)")
    #expect(store.names.filter { $0.hasPrefix(".") } == [], "\(stage)")
    if past == .same { #expect(store.list().map(\.step) == [5, 9, 10], "\(stage)") }
  }

  /// A crash leaves the directory as it is at that moment: copies of it are taken at every stage.
  @Test(arguments: Past.allCases) func `a crash at any stage leaves one whole checkpoint`(past: Past) throws {
    try withTemporaryDirectory { root in
      let directory = Disk.join(root, "checkpoints")
      try past.prepare(directory)
      let stages = Mutex<[String]>([])
      let store = CheckpointStore(directory: directory) { stage in
        let copy = Disk.join(root, "copy-\(stages.withLock(\.count))")
        stages.withLock { $0.append("\(stage)") }
        try FileManager.default.copyItem(atPath: directory, toPath: copy)
      }
      try store.commit(Self.new, keep: 2, best: true)
      let names = stages.withLock(\.self)
      #expect(names.count >= 16)
      for (index, stage) in names.enumerated() {
        try Self.expectWhole(Disk.join(root, "copy-\(index)"), after: past, stage)
      }
      #expect(try store.loadLatest() == Self.new)
    }
  }

  /// An error at any stage is told, and leaves nothing half done.
  @Test(arguments: Past.allCases) func `an error at any stage leaves one whole checkpoint`(past: Past) throws {
    for index in 0..<100 {
      let reachedEnd = try withTemporaryDirectory { directory in
        try past.prepare(directory)
        let count = Mutex(0)
        let store = CheckpointStore(directory: directory) { stage in
          let now = count.withLock { count in
            defer { count += 1 }
            return count
          }
          if now == index { throw FileError("written", "\(stage)", code: ENOSPC) }
        }
        do throws(CheckpointError) {
          try store.commit(Self.new, keep: 2, best: true)
        } catch {
          #expect(error.message.hasPrefix("checkpoint step-0000009 "))
          #expect(error.message.contains("No space left on device"))
          #expect(store.names.filter { $0.hasPrefix(".") } == [])
        }
        try Self.expectWhole(directory, after: past, "stage \(index)")
        return count.withLock { $0 <= index }
      }
      if reachedEnd { return }
    }
    Issue.record("the commit has more stages than expected")
  }

  @Test func `a full disk is told in a sentence`() throws {
    try withTemporaryDirectory { directory in
      try Past.earlier.prepare(directory)
      let before = CheckpointStore(directory: directory).names
      let store = CheckpointStore(directory: directory) { stage in
        if case .wrote("optimizer.safetensors") = stage { throw FileError("written", "x", code: ENOSPC) }
      }
      let message =
        #expect(throws: CheckpointError.self) { try store.commit(Self.new, keep: 1, best: true) }?.message ?? ""
      let start = "checkpoint step-0000009 could not be written to \(directory): No space left on device (needed about "
      #expect(message.hasPrefix(start), "\(message)")
      #expect(message.contains(" MB are free); the previous checkpoint step-0000005 is intact, "))
      #expect(message.hasSuffix("free some space and resume with --resume"))
      #expect(store.names == before)
    }
  }

  @Test func `a file in the way of the directory is named`() throws {
    try withTemporaryDirectory { directory in
      let path = Disk.join(directory, "checkpoints")
      try Disk.write([1], to: path)
      let store = CheckpointStore(directory: path)
      let error = #expect(throws: CheckpointError.self) { try store.commit(Self.new, keep: 1, best: false) }
      #expect(error?.message.contains("Not a directory") == true)
      #expect(error?.message.contains("there is no earlier one") == true)
    }
  }

  /// A real limit of the system, in a process of its own because it holds for the whole process.
  @Test(.timeLimit(.minutes(4))) func `a limit of file sizes is survived`() async throws {
    try await withTemporaryDirectoryAsync { directory in
      await #expect(processExitsWith: .success) { [directory = directory as String] in
        signal(SIGXFSZ, SIG_IGN)
        let store = CheckpointStore(directory: directory)
        try store.commit(contents(step: 5), keep: 1, best: false)
        var limit = rlimit(rlim_cur: 20_000, rlim_max: 20_000)
        #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
        let error = #expect(throws: CheckpointError.self) {
          try store.commit(contents(step: 9, count: 100_000), keep: 1, best: false)
        }
        #expect(error?.message.contains("File too large") == true)
        #expect(error?.message.contains("ulimit -f") == true)
        #expect(try store.loadLatest() == contents(step: 5))
        #expect(store.names == ["latest", "step-0000005"])
      }
    }
  }

  /// The process is killed at each stage of replacing a checkpoint of the same step.
  @Test(.timeLimit(.minutes(4)), arguments: 0..<18)
  func `a killed process leaves one whole checkpoint`(stage: Int) async throws {
    try await withTemporaryDirectoryAsync { directory in
      try Past.same.prepare(directory)
      await #expect(processExitsWith: .signal(SIGKILL)) { [directory = directory as String, stage = stage as Int] in
        let count = Mutex(0)
        let store = CheckpointStore(directory: directory) { _ in
          count.withLock { $0 += 1 }
          if count.withLock({ $0 > stage }) { kill(getpid(), SIGKILL) }
        }
        try store.commit(contents(step: 9), keep: 2, best: true)
      }
      try Self.expectWhole(directory, after: .same, "killed at \(stage)")
    }
  }
}
