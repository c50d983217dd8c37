import StrictYAML
import Testing
import Training

/// What a run writes down as its effective configuration is read back as the same configuration.
@Suite struct RoundTripTests {
  @Test(arguments: 0..<300 as Range<UInt64>)
  func effectiveConfiguration(seed: UInt64) throws {
    var random = RandomConfiguration(seed: seed)
    let run = random.next()
    let text = run.yaml.text
    let again = try Configurations.parse(text, source: "config.yaml")
    #expect(again == run, "\(text)")
    #expect(again.yaml.text == text)
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func onOneLine(seed: UInt64) throws {
    var random = RandomConfiguration(seed: seed)
    let run = random.next()
    #expect(try Configurations.parse(run.yaml.inline, source: "config.yaml") == run)
  }

  @Test func builtInConfiguration() throws {
    #expect(try Configurations.parse(RunConfiguration().yaml.text, source: "config.yaml") == RunConfiguration())
    #expect(try Configurations.parse("", source: "empty.yaml") == RunConfiguration())
  }

  /// A key that was taken away stays away, although its default is a value.
  @Test func absenceIsWritten() throws {
    var run = RunConfiguration()
    run.evaluate.everyEpochs = nil
    run.checkpoint.everyEpochs = nil
    (run.train.epochs, run.train.steps) = (nil, 7)
    #expect(try Configurations.parse(run.yaml.text, source: "config.yaml") == run)
  }
}
