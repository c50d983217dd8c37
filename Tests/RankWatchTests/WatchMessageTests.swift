import Collectives
import Randomness
import RankWatch
import Testing

/// What ranks tell each other beside MPI, as bytes: anybody may speak on those connections.
@Suite struct WatchMessageTests {
  private static let messages: [WatchMessage] = [
    .hello(rank: 4095, secret: .max),
    .pulse(
      Activity.Snapshot(phase: .waiting, subject: 7, peer: 3, step: -1, progress: 1 << 40), processorTime: 123_456_789),
    .failure(code: 1, text: "größer als erlaubt"), .goodbye, .stop, .end(code: 137),
    // A stranger's: found by Tests/fuzz.
    .hello(rank: -1, secret: 0),
  ]

  @Test(arguments: 0..<30 as Range<UInt64>)
  func `messages arrive whole however they are cut`(seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: 1)
    let bytes = Self.messages.flatMap(WatchCoding.encode)
    var (arrived, found, next): ([UInt8], [WatchMessage], Int) = ([], [], 0)
    while next < bytes.count {
      let end = min(bytes.count, next + 1 + stream.integer(below: 40))
      arrived += bytes[next..<end]
      next = end
      found += WatchCoding.decode(&arrived) ?? []
    }
    #expect(found == Self.messages && arrived.isEmpty)
  }

  @Test func `a long sentence is cut to what is accepted`() {
    var bytes = WatchCoding.encode(.failure(code: 2, text: String(repeating: "x", count: 10_000)))
    guard case .failure(2, let text)? = WatchCoding.decode(&bytes)?.first else {
      Issue.record("no failure")
      return
    }
    #expect(text.count > 1000 && text.count <= WatchCoding.limit)
  }

  /// Strangers send what they like: it is refused or waited for, and never read beyond its end.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func `damaged messages do no harm`(seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .testing, subject: 2)
    var bytes = Self.messages.flatMap(WatchCoding.encode)
    for _ in 0...stream.integer(below: 6) {
      bytes[stream.integer(below: bytes.count)] = UInt8(stream.integer(below: 256))
    }
    bytes.removeLast(stream.integer(below: bytes.count))
    let count = bytes.count
    let found = WatchCoding.decode(&bytes)
    #expect(bytes.count <= count && (found?.count ?? 0) <= Self.messages.count)
  }
}
