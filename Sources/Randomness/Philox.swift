/// The counter-based generator Philox4x32-10: a keyed bijection of 128-bit counters, with no state to save.
///
/// Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3; the
/// constants are those of the Random123 library, whose known answers the tests repeat.
package enum Philox4x32 {
  private static let multiplier0: UInt32 = 0xD251_1F53
  private static let multiplier1: UInt32 = 0xCD9E_8D57
  private static let weyl0: UInt32 = 0x9E37_79B9
  private static let weyl1: UInt32 = 0xBB67_AE85
  private static let rounds = 10

  /// The four random words that belong to `counter` under `key`.
  package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<rounds {
      let a = multiplier0.multipliedFullWidth(by: c.x)
      let b = multiplier1.multipliedFullWidth(by: c.z)
      c = SIMD4(b.high ^ c.y ^ k.x, b.low, a.high ^ c.w ^ k.y, a.low)
      k = SIMD2(k.x &+ weyl0, k.y &+ weyl1)
    }
    return c
  }
}
