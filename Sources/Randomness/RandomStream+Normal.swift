import Foundation

extension RandomStream {
  /// The next number of the standard normal distribution.
  ///
  /// Source: Box and Muller, "A note on the generation of random normal deviates", Annals of Mathematical
  /// Statistics 29 (1958). In double precision, so that rounding to `Float` hides the last bit of `log` and `cos`.
  package mutating func normal() -> Double {
    let radius = (-2 * log((Double(next()) + 1) * 0x1p-32)).squareRoot()
    let angle = 2 * Double.pi * (Double(next()) * 0x1p-32)
    return radius * cos(angle)
  }
}
