import Checkpoints
import Foundation
import Randomness
import Supervisor
import Testing

/// When a launch tries again.
@Suite struct PolicyTests {
  private static func killed(step: Int) -> Failure {
    var failure = Failure("ended by signal 9 (SIGKILL)", step: step, exitCode: 137)
    failure.signal = SIGKILL
    return failure
  }

  @Test func `pauses double up to a minute, and begin anew with a new checkpoint`() {
    var policy = RestartPolicy(limit: 100)
    for seconds in [1.0, 2, 4, 8, 16, 32, 60, 60] {
      #expect(policy.decide(Self.killed(step: 3), hasProgressed: false) == .restart(after: seconds))
    }
    #expect(policy.decide(Self.killed(step: 3), hasProgressed: true) == .restart(after: 1))
    #expect(policy.decide(Self.killed(step: 3), hasProgressed: false) == .restart(after: 2))
  }

  @Test func `the same failure of the same step ends a launch`() {
    var policy = RestartPolicy(limit: 100)
    let failure = Failure("the loss is not a finite number", step: 7, exitCode: 1)
    #expect(policy.decide(failure, hasProgressed: false) == .restart(after: 1))
    var elsewhere = failure
    elsewhere.step = 8
    #expect(policy.decide(elsewhere, hasProgressed: false) == .restart(after: 2))
    elsewhere.rank = 2
    guard case .giveUp(let why) = policy.decide(elsewhere, hasProgressed: true) else {
      Issue.record("tried for a third time")
      return
    }
    #expect(why.contains("step 8"))
  }

  @Test func `a signal from outside says nothing about the next try, unless memory was short`() {
    var policy = RestartPolicy(limit: 2)
    var hungry = Self.killed(step: 1)
    hungry.isOutOfMemory = true
    #expect(policy.decide(Self.killed(step: 1), hasProgressed: false) == .restart(after: 1))
    #expect(policy.decide(hungry, hasProgressed: false) == .restart(after: 2))
    #expect(policy.decide(hungry, hasProgressed: false) != .restart(after: 4))
    #expect(hungry.isRepeated(by: hungry))
    #expect(!Self.killed(step: 1).isRepeated(by: Self.killed(step: 1)))
  }

  @Test func `restarts are never more than the limit`() {
    var random = RandomStream(seed: 1, purpose: .testing)
    for _ in 0..<200 {
      let limit = random.pick(0...5)
      var policy = RestartPolicy(limit: limit)
      var restarts = 0
      for step in 0..<10 {
        let failure = Failure("some cause", step: step, exitCode: 1)
        if case .restart = policy.decide(failure, hasProgressed: random.oneIn(2)) { restarts += 1 }
      }
      #expect(restarts == limit && policy.restarts == limit)
    }
  }
}

/// What mpirun says, and what is made of it.
@Suite struct OutputTests {
  private static let ruler = String(repeating: "-", count: 74)
  private static let killed = """
    epoch 1  step 5
    \(ruler)
    Primary job  terminated normally, but 1 process returned
    a non-zero exit code. Per user-direction, the job has been aborted.
    \(ruler)
    \(ruler)
    mpirun noticed that process rank 1 with PID 0 on node vm exited on signal 9 (Killed).
    \(ruler)

    """

  @Test func `words of the ranks pass, blocks of Open MPI are held back`() {
    var output = MpirunOutput()
    #expect(output.take(Array(Self.killed.utf8)) + output.finish() == ["epoch 1  step 5"])
    #expect(output.verdict == .init(rank: 1, host: "vm", signal: 9))
    #expect(output.blocks.count == 2)
  }

  @Test func `it does not matter how the text is cut`() {
    let whole = Array((Self.killed + "cnn-dist: error: rank 0 on vm: no room\nlast").utf8)
    var random = RandomStream(seed: 2, purpose: .testing)
    for _ in 0..<300 {
      var output = MpirunOutput()
      var (lines, rest): ([String], ArraySlice<UInt8>) = ([], whole[...])
      while !rest.isEmpty {
        let count = min(rest.count, random.pick(1...40))
        lines += output.take(Array(rest.prefix(count)))
        rest = rest.dropFirst(count)
      }
      lines += output.finish()
      #expect(lines == ["epoch 1  step 5", "cnn-dist: error: rank 0 on vm: no room", "last"])
      #expect(output.errors == ["rank 0 on vm: no room"] && output.verdict?.signal == 9)
    }
  }

  @Test(arguments: [
    ("MPI_ABORT was invoked on rank 3 in communicator MPI_COMM_WORLD\nwith errorcode 1.\n\nNOTE: invoking", 3, 1),
    ("The first process to do so was:\n\n  Process name: [[26005,1],2]\n  Exit code:    5", 2, 5),
  ])
  func `exit codes are found`(text: String, rank: Int, code: Int32) {
    var output = MpirunOutput()
    _ = output.take(Array("\(Self.ruler)\n\(text)\n\(Self.ruler)\n".utf8))
    #expect(output.verdict == .init(rank: rank, exitCode: code))
  }

  @Test func `the record of a rank tells the cause, and mpirun the signal`() {
    var output = MpirunOutput()
    _ = output.take(Array(Self.killed.utf8))
    let record = FailureRecord("rank 1 fell silent in bucket 3", rank: 1, step: 12)
    let both = Failure(record: record, output: output, ending: .exited(137), isOutOfMemory: false)
    #expect(both.cause == record.cause && both.signal == SIGKILL && both.step == 12 && both.exitCode == 137)
    let gone = FailureRecord("the process is gone", rank: 1, step: 12, exitCode: FailureRecord.died)
    let dead = Failure(record: gone, output: output, ending: .exited(137), isOutOfMemory: false)
    #expect(dead.sentence == "rank 1 on vm: ended by signal 9 (SIGKILL) (step 12)", "\(dead.sentence)")
    let unseen = Failure(record: gone, output: MpirunOutput(), ending: .exited(4), isOutOfMemory: false)
    #expect(unseen.cause == gone.cause && !unseen.isRepeated(by: unseen), "a death says nothing about the next try")
    let alone = Failure(record: nil, output: output, ending: .exited(137), isOutOfMemory: true)
    #expect(alone.sentence.hasPrefix("rank 1 on vm: ended by signal 9 (SIGKILL): the system had no memory"))
  }

  @Test func `the sentence of a rank is the cause, without its name`() {
    var output = MpirunOutput()
    _ = output.take(Array("cnn-dist: error: rank 0 on vm: the disk is full\n".utf8))
    let failure = Failure(record: nil, output: output, ending: .exited(1), isOutOfMemory: false)
    #expect(failure.cause == "the disk is full" && failure.exitCode == 1 && failure.rank == 0 && failure.host == "vm")
    var common = MpirunOutput()
    _ = common.take(Array("cnn-dist: error: step 3: no number\n".utf8))
    #expect(Failure(record: nil, output: common, ending: .exited(1), isOutOfMemory: false).rank == nil)
  }

  @Test func `mpirun itself may be killed`() {
    let failure = Failure(record: nil, output: MpirunOutput(), ending: .signalled(SIGKILL), isOutOfMemory: false)
    #expect(failure.cause.contains("mpirun was ended by signal 9") && failure.exitCode == 137)
    #expect(!failure.isRepeated(by: failure))
  }

  @Test func `a block without an end is shown`() {
    var output = MpirunOutput()
    #expect(output.take(Array("\(Self.ruler)\nsomething\n".utf8)).isEmpty)
    #expect(output.finish() == ["something"])
  }
}
