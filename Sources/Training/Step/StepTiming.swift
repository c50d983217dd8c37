/// Where the time of a step went, in seconds.
package struct StepTiming: Hashable, Sendable {
  /// The whole step.
  package var wall = 0.0
  /// Waiting for other ranks.
  package var exchange = 0.0
  /// Waiting for the rank's other lanes.
  package var lanes = 0.0
  /// Adding the lanes' sums and handing them to the exchange, which alone also reduces and updates at once.
  package var reducing = 0.0
  /// Waiting for samples.
  package var input = 0.0
  /// Processor time of the prefetch thread, which runs beside all this or, without a core of its own, in between.
  package var loading = 0.0

  /// The parts of a step, in seconds.
  package init(
    wall: Double = 0, exchange: Double = 0, lanes: Double = 0, reducing: Double = 0, input: Double = 0,
    loading: Double = 0
  ) {
    self.wall = wall
    self.exchange = exchange
    self.lanes = lanes
    self.reducing = reducing
    self.input = input
    self.loading = loading
  }

  /// The mean of so many steps.
  package func divided(by count: Double) -> StepTiming {
    StepTiming(
      wall: wall / count, exchange: exchange / count, lanes: lanes / count, reducing: reducing / count,
      input: input / count, loading: loading / count)
  }

  /// Adds up.
  package static func += (a: inout StepTiming, b: StepTiming) {
    a.wall += b.wall
    a.exchange += b.exchange
    a.lanes += b.lanes
    a.reducing += b.reducing
    a.input += b.input
    a.loading += b.loading
  }
}

extension ContinuousClock.Instant {
  /// Seconds since this instant.
  package var secondsUntilNow: Double { (ContinuousClock.now - self).seconds }
}

extension Duration {
  /// The duration in seconds.
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
