package import Collectives
import Configuration
import Foundation
import Kernels
import Optimizers
import Planner

/// Whether the memory that a run takes can be had. Asked before anything is allocated or written: memory that turns out
/// to be missing later ends a process without a word, be it by a trap of the runtime or by the system's out-of-memory
/// killer.
package struct MemoryCheck {
  /// What one rank takes.
  package var memory: RankMemory
  /// The setting that holds the micro-batch, and its value, for messages: "train.micro-batch (16)".
  package var setting: String
  /// The ranks on this machine.
  package var ranks = 1
  /// What all of them take, in bytes.
  package var bytes: Int

  /// The check of a process that is alone on its machine.
  package init(_ memory: RankMemory, setting: String) {
    self.memory = memory
    self.setting = setting
    bytes = memory.total
  }

  /// What the user should know, if anything.
  ///
  /// - Throws: `RunError` with code `unusable` if it cannot be had.
  package func note(_ limits: MemoryLimits) throws(RunError) -> String? {
    if let left = limits.addressSpace, memory.addressSpace > left {
      throw RunError(
        .unusable,
        "this process needs about \(Display.bytes(memory.addressSpace)) of memory (\(memory.text), and room for "
          + "checkpoints and threads), but its limit (ulimit -v, or that of the batch system) leaves "
          + "\(Display.bytes(left)); \(remedies), or raise the limit")
    }
    let subject = ranks == 1 ? "this process needs" : "the \(ranks) ranks on this machine need"
    let parts = ranks == 1 ? memory.text : "each \(memory.text)"
    let owner = limits.isControlGroup ? "its control group may use" : "the machine has"
    guard bytes <= limits.whole else {
      throw RunError(
        .unusable,
        "\(subject) about \(Display.bytes(bytes)) of memory (\(parts)), more than the \(Display.bytes(limits.whole)) "
          + "that \(owner); \(remedies), or train.recompute: blocks")
    }
    guard bytes > limits.available else { return nil }
    return "\(subject) about \(Display.bytes(bytes)) of memory at the peak, and only "
      + "\(Display.bytes(limits.available)) are free: the system may end the run; \(remedies), or end other programs"
  }

  private var remedies: String { "use a smaller \(setting), fewer lanes\(ranks > 1 ? " or fewer ranks" : "")" }

  /// Checks a process that is alone on its machine with this machine's limits, and takes hold of what the system may
  /// refuse: OpenBLAS's buffers and threads.
  ///
  /// - Returns: what the user should know, if anything.
  /// - Throws: `RunError` with code `unusable` if the memory cannot be had.
  @discardableResult
  package func settle() throws(RunError) -> String? {
    try RunError.asUnusable { try KernelSet.holdMemory(threads: memory.lanes) }
    let note = try note(MemoryLimits.current)
    guard ThreadProbe.canStart(memory.threads) else {
      throw RunError(
        .unusable,
        "this process needs \(memory.threads) threads beside the first, and the system does not start them; use fewer "
          + "lanes, or raise the limit of processes (ulimit -u) or of memory (ulimit -v)")
    }
    return note
  }
}

extension MemoryCheck {
  /// Checks the ranks of a run, each on its machine; all call it together, and all succeed or all fail.
  ///
  /// - Returns: what the user should know, on this rank.
  /// - Throws: `RunError` with code `unusable` if the memory cannot be had on any rank.
  package static func settle(
    _ blueprint: Blueprint, lanes: Int, _ communicator: any Communicator
  ) throws(RunError) -> [String] {
    let train = blueprint.configuration.train
    let memory = RankMemory(
      plan: blueprint.plan, lanes: lanes, rank: communicator.rank, ranks: communicator.size,
      order: blueprint.configuration.exchange.order, updates: blueprint.updates,
      recomputes: blueprint.configuration.verify.recompute > 0)
    var check = MemoryCheck(memory, setting: "train.micro-batch (now \(train.microBatch))")
    let sizes = try sizes(memory.total, communicator)
    (check.ranks, check.bytes) = (sizes.count, sizes.reduce(0, +))
    let note = try Agreement(communicator).everywhere { try check.settle() }
    return [note].compactMap(\.self)
  }

  /// The bytes of each rank on this rank's machine.
  private static func sizes(_ own: Int, _ communicator: any Communicator) throws(RunError) -> [Int] {
    let all = try communicator.asFailed { try communicator.allGather(Array("\(own) \(communicator.host)".utf8)) }
    let entries = all.map { String(decoding: $0, as: UTF8.self).split(separator: " ", maxSplits: 1) }
    return entries.filter { $0.last == entries[communicator.rank].last }.compactMap { $0.first.flatMap { Int($0) } }
  }
}

/// Whether the process can start threads. Foundation's do not say when they could not be started; whoever then waits
/// for one waits for ever.
enum ThreadProbe {
  /// Whether so many threads can live at once.
  static func canStart(_ count: Int) -> Bool {
    let gate = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    defer { unsafe gate.deallocate() }
    guard unsafe sem_init(gate, 0, 0) == 0 else { return false }
    var threads: [pthread_t] = []
    for _ in 0..<count {
      var thread = pthread_t()
      let problem = unsafe pthread_create(&thread, nil, unsafe waitAtGate, gate)
      guard problem == 0 else { break }
      threads.append(thread)
    }
    for _ in threads { unsafe sem_post(gate) }
    for thread in threads { pthread_join(thread, nil) }
    unsafe sem_destroy(gate)
    return threads.count == count
  }

  private static let waitAtGate: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { gate in
    guard let gate = unsafe gate else { return nil }
    while unsafe sem_wait(gate.assumingMemoryBound(to: sem_t.self)) != 0 {}
    return nil
  }
}
