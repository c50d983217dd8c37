import Foundation

/// Whether the process can start threads. Foundation's do not say when they could not be started; whoever then waits for
/// one waits for ever.
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
