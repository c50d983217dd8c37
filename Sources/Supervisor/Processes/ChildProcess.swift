import Foundation

/// A process that this one has started, in a process group of its own, so that the terminal's Ctrl-C does not reach it.
package struct ChildProcess: Sendable {
  /// How a process ended.
  package enum Ending: Hashable, Sendable {
    /// It left with this exit code.
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)

    /// The exit code as a shell tells it: 128 + the number of the signal.
    package var code: Int32 {
      switch self {
      case .exited(let code): code
      case .signalled(let number): 128 + number
      }
    }
  }

  /// The standard streams of a process.
  package struct Streams: Sendable {
    /// Its standard input; nil for none.
    var input: Int32?
    /// Its standard output; nil for that of this process.
    var output: Int32?
    /// Its standard error; nil for that of this process.
    var errors: Int32?
  }

  /// Its number, which is also that of its process group.
  package let identifier: Int32

  /// Starts a program that is found on the PATH or by its path. It catches and blocks no signal.
  ///
  /// - Throws: `LaunchError` if it cannot be started.
  package init(_ words: [String], environment: [String: String], streams: Streams = Streams()) throws(LaunchError) {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    if let input = streams.input {
      unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    } else {
      unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    if let output = streams.output { unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) }
    if let errors = streams.errors { unsafe posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO) }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe Self.isolate(&attributes)
    var number: pid_t = 0
    let problem = unsafe withStrings(words) { arguments in
      unsafe withStrings(environment.map { "\($0)=\($1)" }) { variables in
        unsafe posix_spawnp(&number, words.first ?? "", &actions, &attributes, arguments, variables)
      }
    }
    guard problem == 0 else {
      throw LaunchError("\(words.first ?? "") cannot be started: \(unsafe String(cString: strerror(problem)))")
    }
    identifier = number
  }

  private static func isolate(_ attributes: UnsafeMutablePointer<posix_spawnattr_t>) {
    let flags = Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
    unsafe posix_spawnattr_setflags(attributes, Int16(flags))
    unsafe posix_spawnattr_setpgroup(attributes, 0)
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(attributes, &none)
    // SIGHUP stays ignored under nohup, as it is here.
    var caught = sigset_t()
    unsafe sigemptyset(&caught)
    for number in [SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE] { unsafe sigaddset(&caught, number) }
    unsafe posix_spawnattr_setsigdefault(attributes, &caught)
  }

  /// How it ended; nil while it runs. Once it has ended, this may be asked once.
  package func ending() -> Ending? { wait(options: WNOHANG) }

  /// Waits for its end.
  package func finish() -> Ending { wait(options: 0) ?? .exited(0) }

  private func wait(options: Int32) -> Ending? {
    var status: Int32 = 0
    while true {
      let found = unsafe waitpid(identifier, &status, options)
      if found == identifier { break }
      guard found < 0, errno == EINTR else { return nil }
    }
    let signal = status & 0x7F
    return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
  }

  /// Sends it a signal.
  package func send(_ number: Int32) { kill(identifier, number) }
}

/// Calls `body` with a list of C strings that a null pointer ends.
private func withStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  let copies = unsafe strings.map { unsafe strdup($0) } + [nil]
  defer { for index in unsafe copies.indices { unsafe free(copies[index]) } }
  return unsafe copies.withUnsafeBufferPointer { unsafe body($0.baseAddress.unsafelyUnwrapped) }
}

/// A pipe whose ends no started process inherits unless it is handed one.
package struct Pipe: Sendable {
  /// Where to read.
  package let reading: Int32
  /// Where to write.
  package let writing: Int32

  /// A new pipe.
  package init() throws(LaunchError) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else {
      throw LaunchError("a pipe cannot be made: \(unsafe String(cString: strerror(errno)))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (reading, writing) = (ends[0], ends[1])
  }

  /// What can be read from a descriptor at this moment, up to 64 KiB: waits if there is nothing; empty at the end.
  package static func read(_ descriptor: Int32) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      var got = -1
      repeat {
        got = unsafe Foundation.read(descriptor, buffer.baseAddress, buffer.count)
      } while got < 0 && errno == EINTR
      count = max(0, got)
    }
  }

  /// Writes a byte and closes the end, which tells a reader that the end is meant.
  package static func end(_ descriptor: Int32) {
    var byte: UInt8 = 1
    _ = unsafe write(descriptor, &byte, 1)
    close(descriptor)
  }

  /// Waits until one of these descriptors can be read, or the time is over; returns which can.
  package static func wait(for descriptors: [Int32], milliseconds: Int32) -> Set<Int32> {
    var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard unsafe poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return [] }
    return Set(entries.filter { $0.revents != 0 }.map(\.fd))
  }
}

/// Short commands that are run for what they print.
package enum Command {
  /// What a command prints to the standard output; nil if it cannot be started or fails. Its errors are not shown.
  package static func output(_ words: [String]) -> String? {
    guard let pipe = try? Pipe() else { return nil }
    let silence = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer {
      close(pipe.reading)
      close(silence)
    }
    let child = try? ChildProcess(
      words, environment: ProcessInfo.processInfo.environment, streams: .init(output: pipe.writing, errors: silence))
    close(pipe.writing)
    guard let child else { return nil }
    var bytes: [UInt8] = []
    while case let more = Pipe.read(pipe.reading), !more.isEmpty { bytes += more }
    return child.finish() == .exited(0) ? String(decoding: bytes, as: UTF8.self) : nil
  }

  /// Starts a command and waits for its end, for so long; returns whether it succeeded. A command that takes longer is
  /// killed.
  package static func succeeds(_ words: [String], seconds: Double) -> Bool {
    let silence = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(silence) }
    let child = try? ChildProcess(
      words, environment: ProcessInfo.processInfo.environment, streams: .init(output: silence, errors: silence))
    guard let child else { return false }
    let started = ContinuousClock.now
    while ContinuousClock.now - started < .seconds(seconds) {
      if let ending = child.ending() { return ending == .exited(0) }
      usleep(20_000)
    }
    kill(-child.identifier, SIGKILL)
    _ = child.finish()
    return false
  }
}
