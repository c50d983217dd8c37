internal import CKernels

/// The arithmetic that a core can do at most, as a yardstick for kernels: fused multiply-adds between registers, by the
/// instruction set in use. (Where a set has no fused ones, as the baseline of x86-64, a product and a sum.)
package enum MultiplyAdds {
  /// Runs `rounds` rounds.
  ///
  /// - Returns: the number of multiply-adds, two floating-point operations each.
  package static func run(rounds: Int) -> Int {
    precondition(rounds >= 0, "\(rounds) rounds")
    var sum: Float = 1
    return unsafe withUnsafeMutablePointer(to: &sum) { sum in
      unsafe ck_loops().pointee.multiply_adds(rounds, sum)
    }
  }
}
