import Checkpoints
import Engine
import Foundation
import Interchange
package import Planner
import Synchronization

/// The faults of a plan, as they happen in the process of one rank.
extension ChaosPlan {
  /// Lets the faults happen that come before a step: the end of the process, its stop, a pause.
  func strike(step: Int, rank: Int) {
    for fault in faults where fault.moment == Moment(rank: rank, step: step) {
      switch fault {
      case .kill:
        Self.announce("rank \(rank) ends itself by SIGKILL before step \(step)")
        Self.raise(SIGKILL)
      case .stop:
        Self.announce("rank \(rank) stops itself by SIGSTOP before step \(step)")
        Self.raise(SIGSTOP)
      case .delay(_, let seconds):
        Self.announce("rank \(rank) sleeps \(Display.trimmed(seconds, 3)) s before step \(step)")
        Thread.sleep(forTimeInterval: seconds)
      case .flip, .notANumber, .noSpace, .corrupt: break
      }
    }
  }

  private static func raise(_ signal: Int32) { kill(getpid(), signal) }

  /// The observer of a step on a rank: `observer`, with the faults between the instructions before it. Each happens
  /// once, in the first micro-batch of the rank.
  package func observer(
    step: Int, rank: Int, _ program: Program, beside observer: (any InstructionObserver)?
  ) -> (any InstructionObserver)? {
    faults.reduce(observer) { next, fault in
      guard fault.moment == Moment(rank: rank, step: step) else { return next }
      switch fault {
      case .flip(let moment, let layer, let bit):
        guard let (place, slot) = program.activation(of: layer) else { return next }
        return ChaosObserver(after: place, beside: next) { execution in
          execution.change(slot) { Self.flip(bit, of: &$0) }
          Self.announce("rank \(moment.rank) flips bit \(bit) of what '\(layer)' writes in step \(step)")
        }
      case .notANumber:
        guard let place = program.instructions.lastIndex(where: { !$0.writtenGradients.isEmpty }) else { return next }
        let gradient = program.instructions[place].writtenGradients[0]
        return ChaosObserver(after: place, beside: next) { execution in
          execution.changeGradient(gradient) { $0[$0.count / 2] = .nan }
          Self.announce("rank \(rank) puts NaN into the gradient of \(execution.layout[gradient].name) in step \(step)")
        }
      case .kill, .stop, .delay, .noSpace, .corrupt: return next
      }
    }
  }

  private static func flip(_ bit: Int, of values: inout MutableSpan<Float>) {
    let middle = values.count / 2
    values[middle] = Float(bitPattern: values[middle].bitPattern ^ (1 << UInt32(bit)))
  }

  fileprivate static func announce(_ fault: String) { Console.report("CHAOS: \(fault)") }
}

/// Lets something happen after the first run of one instruction.
private final class ChaosObserver: InstructionObserver {
  private let place: Int
  private let next: (any InstructionObserver)?
  private let fault: (borrowing Execution) -> Void
  private var isDone = false

  init(
    after place: Int, beside next: (any InstructionObserver)?, _ fault: @escaping (borrowing Execution) -> Void
  ) {
    (self.place, self.next, self.fault) = (place, next, fault)
  }

  func before(_ index: Int) { next?.before(index) }

  func after(_ index: Int, in execution: borrowing Execution) throws(RunError) {
    if index == place, !isDone {
      isDone = true
      fault(execution)
    }
    try next?.after(index, in: execution)
  }
}

/// Faults of checkpoints.
extension ChaosPlan {
  /// The store in a directory, with its faults.
  func store(in directory: String) -> CheckpointStore {
    let full = names { if case .noSpace(let step) = $0 { step } else { nil } }
    let damaged = names { if case .corrupt(let step) = $0 { step } else { nil } }
    if !full.isEmpty { Self.fill(directory, for: full) }
    guard !damaged.isEmpty else { return CheckpointStore(directory: directory) }
    let left = CheckpointNames(damaged)
    return CheckpointStore(directory: directory) { stage in
      guard stage == .done, let name = Disk.target(ofLink: Disk.join(directory, "latest")), left.take(name) else {
        return
      }
      try Self.damage(Disk.join(directory, name))
    }
  }

  private func names(_ step: (Fault) -> Int?) -> Set<String> {
    Set(faults.compactMap(step).map(CheckpointStore.name(step:)))
  }

  /// Has each write into a checkpoint with one of these names fail. The first is announced.
  private static func fill(_ directory: String, for names: Set<String>) {
    let unsaid = CheckpointNames(names)
    DiskCall.observe(directory) { call in
      guard case .write(let path, _) = call, let name = names.first(where: { path.contains("\($0)/") }) else {
        return .made
      }
      if unsaid.take(name) { announce("there is no space for checkpoint \(name)") }
      return .failed(ENOSPC)
    }
  }

  /// Flips a bit in the middle of the weights of a committed checkpoint.
  private static func damage(_ checkpoint: String) throws {
    let path = Disk.join(checkpoint, CheckpointStore.weightsFile)
    var bytes = try Disk.read(path)
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    announce("a bit of \(path) is flipped")
  }
}

/// Names that are each taken once.
private final class CheckpointNames: Sendable {
  private let names: Mutex<Set<String>>

  init(_ names: Set<String>) { self.names = Mutex(names) }

  /// Whether the name was left; it is gone then.
  func take(_ name: String) -> Bool { names.withLock { $0.remove(name) != nil } }
}
