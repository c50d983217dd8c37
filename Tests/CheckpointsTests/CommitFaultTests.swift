import Checkpoints
import Foundation
import Interchange
import Synchronization
import TestSupport
import Testing

/// The calls by which `body` changes what is in `directory`, in their order; `decide` says what becomes of each.
func calls(
  in directory: String,
  _ decide: @escaping @Sendable (_ index: Int, _ call: DiskCall) -> DiskOutcome = { _, _ in .made },
  of body: () throws -> Void
) rethrows -> [DiskCall] {
  let made = Mutex<[DiskCall]>([])
  let observer: DiskObserver = { call in
    let index = made.withLock { made in
      made.append(call)
      return made.count - 1
    }
    return decide(index, call)
  }
  try DiskCall.observing(directory, observer, while: body)
  return made.withLock(\.self)
}

/// What befalls the call of one index in a commit.
enum CommitFault: CaseIterable, Sendable {
  /// The process is dead: neither this call nor any after it is made.
  case death
  /// The process dies in the middle of this write.
  case deathInWrite
  /// The disk fails once.
  case ioError
  /// There is no space for this call alone.
  case noSpace
  /// There is no space any more.
  case fullDisk
  /// The system writes one byte of what it was given.
  case shortWrite
  /// A signal interrupts this write.
  case interruptedWrite

  /// Whether the commit does not notice.
  var isHarmless: Bool { self == .shortWrite || self == .interruptedWrite }

  /// What becomes of the call `index` if the fault is at `fault`. Nothing here waits for the disk: a process that
  /// looks at the files does not see whether they were synchronized.
  func outcome(at fault: Int, _ index: Int, _ call: DiskCall) -> DiskOutcome {
    let isHere = index == fault
    return switch self {
    case .death: index >= fault ? .failed(EIO) : .unsynchronized
    case .deathInWrite: index > fault ? .failed(EIO) : isHere ? call.half : .unsynchronized
    case .ioError: isHere ? .failed(EIO) : .unsynchronized
    case .noSpace: isHere ? .failed(ENOSPC) : .unsynchronized
    case .fullDisk: index >= fault && call.takesSpace ? .failed(ENOSPC) : .unsynchronized
    case .shortWrite: isHere && call.isWrite ? .short(1) : .unsynchronized
    case .interruptedWrite: isHere && call.isWrite ? .failed(EINTR) : .unsynchronized
    }
  }
}

extension DiskCall {
  /// Whether it is a `write`.
  var isWrite: Bool { if case .write = self { true } else { false } }

  fileprivate var half: DiskOutcome {
    if case .write(_, let bytes) = self { .short(bytes.count / 2) } else { .unsynchronized }
  }

  fileprivate var takesSpace: Bool {
    switch self {
    case .makeDirectory, .create, .append, .write, .rename, .link, .synchronize, .synchronizeDirectory: true
    case .cut, .unlink, .removeDirectory: false
    }
  }
}

@Suite struct CommitFaultTests {
  @Test(arguments: Past.allCases, CommitFault.allCases)
  func `a fault at any system call of a commit leaves the old checkpoint or the new one`(
    past: Past, fault: CommitFault
  ) throws {
    try withTemporaryDirectory { root in
      let prepared = Disk.join(root, "prepared")
      try past.prepare(prepared)
      var faults = 0
      while try commit(into: Disk.join(root, "\(faults)"), prepared, past, fault, at: faults) { faults += 1 }
      #expect(faults >= 20)
    }
  }

  /// Commits into a copy of the prepared directory with a fault at a call; false if the commit has fewer calls.
  private func commit(
    into directory: String, _ prepared: String, _ past: Past, _ fault: CommitFault, at index: Int
  ) throws -> Bool {
    if past != .none { try FileManager.default.copyItem(atPath: prepared, toPath: directory) }
    let (store, root) = (CheckpointStore(directory: directory), Disk.parent(of: directory))
    var failure: CheckpointError?
    let outcome: @Sendable (Int, DiskCall) -> DiskOutcome = { fault.outcome(at: index, $0, $1) }
    let calls = calls(in: root, outcome) {
      do throws(CheckpointError) {
        try store.commit(InterruptedCommitTests.new, keep: 2, best: true)
      } catch {
        failure = error
      }
    }
    let what = "\(fault) at \(index): \(calls[min(index, calls.count - 1)])".prefix(300)
    if fault.isHarmless || index >= calls.count { #expect(failure == nil, "\(what)") }
    if failure == nil { #expect(try store.loadLatest() == InterruptedCommitTests.new, "\(what)") }
    if let failure { #expect(failure.message.hasPrefix("checkpoint step-0000009 "), "\(what)") }
    func expectWhole() throws {
      try InterruptedCommitTests.expectWhole(directory, after: past, String(what))
    }
    #expect(Set(past.lasting).isSubset(of: store.list().map(\.step)), "\(what)")
    try DiskCall.observing(root, { _ in .unsynchronized }, while: expectWhole)
    return index < calls.count
  }

  @Test func `the observer sees all that a commit does to the disk`() throws {
    try withTemporaryDirectory { root in
      for (index, past) in Past.allCases.enumerated() {
        let place = Disk.join(root, "\(index)")
        let directory = Disk.join(place, "run/checkpoints")
        try Disk.makeDirectory(place)
        let calls = try calls(in: place) {
          try past.prepare(directory)
          try CheckpointStore(directory: directory).commit(InterruptedCommitTests.new, keep: 1, best: true)
        }
        var model = ModelDisk(root: place)
        for call in calls { try model.apply(call) }
        #expect(try DiskTree(reading: place) == model.now)
      }
    }
  }
}
