/// A 64-bit hash of a name that is the same in every process (Swift's own `Hasher` is seeded anew in each).
///
/// FNV-1a; source: Fowler, Noll and Vo, IETF draft-eastlake-fnv. Used to key random streams by names, never to protect anything.
package enum StableHash {
  /// The hash of `name`'s UTF-8 bytes.
  package static func of(_ name: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return hash
  }
}
