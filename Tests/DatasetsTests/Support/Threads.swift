import Foundation

/// Runs `body` on `count` threads at once, each with its number, and waits for all. (Dispatch would run one after the
/// other on a machine with one core, and threads that wait for each other would hang.)
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let group = DispatchGroup()
  for number in 0..<count {
    group.enter()
    Thread {
      body(number)
      group.leave()
    }.start()
  }
  group.wait()
}
