import Foundation

/// exp(−d²/(2σ²)): a Gaussian of height 1.
func bell(_ distance: Double, deviation: Double) -> Double {
  exp(-distance * distance / (2 * deviation * deviation))
}
