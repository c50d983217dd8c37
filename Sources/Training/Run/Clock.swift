extension ContinuousClock.Instant {
  /// Seconds since this instant.
  package var secondsUntilNow: Double { (ContinuousClock.now - self).seconds }
}

extension Duration {
  /// The duration in seconds.
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
