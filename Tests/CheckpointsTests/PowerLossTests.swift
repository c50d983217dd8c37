import Checkpoints
import Foundation
import Interchange
import Randomness
import TestSupport
import Testing

/// A commit of step 9 on top of a past, as a list of calls, and what must hold of any state in which a loss of power
/// leaves the disk.
private struct RecordedCommit {
  private static let new = InterruptedCommitTests.new

  let past: Past
  let best: Bool
  /// The calls of the commits before.
  let before: [DiskCall]
  /// The calls of the commit.
  let calls: [DiskCall]
  /// The steps that are there before and after.
  private let lasting: Set<Int>
  private let root: String
  private let directory: String

  /// Records a commit that keeps `keep` checkpoints, below the directory `root`.
  init(_ past: Past, keep: Int, best: Bool, root: String) throws {
    (self.past, self.best, self.root) = (past, best, root)
    directory = Disk.join(root, "run/checkpoints")
    let store = CheckpointStore(directory: directory)
    before = try CheckpointsTests.calls(in: root) { [directory] in try past.prepare(directory) }
    let former = store.list().map(\.step)
    calls = try CheckpointsTests.calls(in: root) { try store.commit(Self.new, keep: keep, best: best) }
    lasting = Set(former).intersection(store.list().map(\.step))
  }

  /// What a call does, without the names above the run.
  func label(_ index: Int) -> String {
    let call = calls[index]
    let label =
      switch call {
      case .write(let path, _): "write \(path)"
      case .synchronizeDirectory(let path): "fsync of directory \(path) after \(index > 0 ? label(index - 1) : "-")"
      case .makeDirectory, .create, .append, .cut, .synchronize, .rename, .link, .unlink, .removeDirectory: "\(call)"
      }
    return label.replacing(root + "/", with: "")
  }

  /// Finds a state that a loss of power during the commit, or after it, can leave, and in which something is lost.
  ///
  /// - Parameters:
  ///   - omitted: the index of a call that is left out.
  ///   - known: what is wrong with the states that were looked at before.
  /// - Returns: what is wrong; nil if nothing is.
  func loss(leavingOut omitted: Int? = nil, known: inout [State: String?]) throws -> String? {
    var disk = ModelDisk(root: root)
    for call in before { try disk.apply(call) }
    let last = calls.indices.last { $0 != omitted }
    for (index, call) in calls.enumerated() where index != omitted {
      do { try disk.apply(call) } catch is ModelDisk.Refusal { return "the disk refuses \(label(index))" }
      let isDone = index == last
      for tree in disk.afterLosses(seed: UInt64(index)) {
        let state = State(tree: tree, isDone: isDone)
        let problem = try known[state] ?? problem(in: state)
        known[state] = .some(problem)
        if let problem { return "power lost after \(label(index)): \(problem)" }
      }
    }
    return nil
  }

  /// A state of the disk, and whether the commit had returned.
  struct State: Hashable {
    let tree: DiskTree
    let isDone: Bool
  }

  private func problem(in state: State) throws -> String? {
    try withTemporaryDirectory { place in
      try state.tree.write(to: place)
      do {
        return try problem(in: CheckpointStore(directory: Disk.join(place, "run/checkpoints")), isDone: state.isDone)
      } catch {
        return "\(error)"
      }
    }
  }

  private func problem(in store: CheckpointStore, isDone: Bool) throws -> String? {
    let found = try store.loadLatest()
    guard found == Self.new || (!isDone && found == past.committed.last) else {
      return "the latest is that of step \(found?.state.step.description ?? "none")"
    }
    let links = Dictionary(uniqueKeysWithValues: ["latest", "best"].map { ($0, Disk.join(store.directory, $0)) })
    for path in links.values where Disk.kind(of: path) != .missing { _ = try CheckpointStore.load(path) }
    for entry in store.list() { _ = try CheckpointStore.load(entry.path) }
    guard lasting.isSubset(of: store.list().map(\.step)) else { return "there is only \(store.list().map(\.name))" }
    guard isDone, best else { return nil }
    return try CheckpointStore.load(links["best"] ?? "") == Self.new ? nil : "the best is another one"
  }
}

extension ModelDisk {
  /// States that a loss of power can leave: no pending change survives, all do, each alone, all but each, and some
  /// drawn by chance.
  fileprivate func afterLosses(seed: UInt64) -> Set<DiskTree> {
    var random = RandomStream(seed: seed, purpose: .testing)
    var choices: [(Int) -> Bool] = [{ _ in false }, { _ in true }]
    for chosen in 0..<pending { choices += [{ $0 == chosen }, { $0 != chosen }] }
    for _ in 0..<pending {
      let chances = (0..<pending).map { _ in random.integer(below: 2) == 0 }
      choices.append { chances[$0] }
    }
    return Set(choices.flatMap { survives in Contents.allCases.map { afterLoss(contents: $0, survives) } })
  }
}

extension DiskCall {
  /// Whether leaving it out on purpose must be found. A file that is not removed is only a leftover.
  fileprivate var isNeeded: Bool {
    switch self {
    case .write, .synchronize, .synchronizeDirectory, .rename: true
    case .makeDirectory, .create, .append, .cut, .link, .unlink, .removeDirectory: false
    }
  }
}

@Suite struct PowerLossTests {
  /// Commits that together make every kind of call.
  private static func withCommits(_ body: (RecordedCommit) throws -> Void) throws {
    for (past, keep, best) in [
      (Past.none, 2, true), (.earlier, 2, false), (.earlier, 1, true), (.same, 2, true), (.many, 1, false),
    ] {
      try withTemporaryDirectory { try body(RecordedCommit(past, keep: keep, best: best, root: $0)) }
    }
  }

  /// What may be left out because the commit does more than it must: a later fsync comes before the first file is
  /// removed, or the name was of no use any more.
  private static let covered = [
    ("step-0000004", ".removing-step-0000004"),
    (".replaced-step-0000009", ".removing-.replaced-step-0000009"),
  ].reduce(into: Set<String>()) { labels, names in
    let (old, new) = ("run/checkpoints/\(names.0)", "run/checkpoints/\(names.1)")
    labels.insert("fsync of directory run/checkpoints after rename(\"\(old)\", to: \"\(new)\")")
  }

  @Test func `a loss of power at any call of a commit leaves the old checkpoint or the new one`() throws {
    var states = 0
    try Self.withCommits { commit in
      var known: [RecordedCommit.State: String?] = [:]
      let loss = try commit.loss(known: &known)
      #expect(loss == nil, "\(commit.past)")
      states += known.count
    }
    #expect(states > 300)
  }

  @Test func `leaving out any write, fsync or rename of a commit loses something`() throws {
    var found: Set<String> = []
    var unnoticed: Set<String> = []
    try Self.withCommits { commit in
      var known: [RecordedCommit.State: String?] = [:]
      for index in commit.calls.indices where commit.calls[index].isNeeded {
        if try commit.loss(leavingOut: index, known: &known) != nil {
          found.insert(commit.label(index))
        } else {
          unnoticed.insert(commit.label(index))
        }
      }
    }
    #expect(unnoticed.subtracting(found) == Self.covered)
    #expect(found.count >= 20)
  }
}
