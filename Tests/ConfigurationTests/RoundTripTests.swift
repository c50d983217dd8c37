import Configuration
import Datasets
import Network
import StrictYAML
import Testing

/// What a run writes down as its effective configuration is read back as the same configuration.
@Suite struct RoundTripTests {
  @Test(arguments: 0..<300 as Range<UInt64>)
  func `the configuration in force reads as itself`(seed: UInt64) throws {
    var random = RandomConfiguration(seed: seed)
    let run = random.next()
    let text = run.yaml.text
    let again = try Configurations.parse(text, source: "config.yaml")
    #expect(again == run, "\(text)")
    #expect(again.yaml.text == text)
    #expect(try Configurations.parse(run.text, source: "config.yaml") == run, "\(run.text)")
  }

  /// Every key of every record and choice is written, so that the text means the same whatever the defaults become.
  @Test func `the record of a run leaves no default out`() throws {
    var run = RunConfiguration()
    run.data.augment = [.randomCrop(padding: 4)]
    let zoo = try #require(Zoo.model("resnet20")).network
    run.model = .inline(InlineModel(zoo, origin: "resnet20"))
    for word in [
      "momentum: 0.9", "nesterov: false", "weight-decay: 0", "decay-all: false", "peak: 0.03", "warm-up-epochs: 1",
      "label-smoothing: 0", "class-weights: []", "padding: 4", "hold-out: null", "every-minutes: null", "epsilon: ",
      "dilation: 1", "groups: 1", "initial: ",
    ] {
      #expect(run.text.contains(word), "\(word) is missing")
    }
    let again = try Configurations.parse(run.text, source: "config.yaml")
    #expect(again == run)
    guard case .inline(let model) = again.model else {
      Issue.record("the model is not inline")
      return
    }
    #expect(model.network == zoo && model.network.canonicalText == zoo.canonicalText)
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func `a configuration on one line reads as itself`(seed: UInt64) throws {
    var random = RandomConfiguration(seed: seed)
    let run = random.next()
    #expect(try Configurations.parse(run.yaml.inline, source: "config.yaml") == run)
  }

  @Test func `the built-in configuration is complete`() throws {
    #expect(try Configurations.parse(RunConfiguration().yaml.text, source: "config.yaml") == RunConfiguration())
    #expect(try Configurations.parse("", source: "empty.yaml") == RunConfiguration())
  }

  /// A key that was taken away stays away, although its default is a value.
  @Test func `absence is written`() throws {
    var run = RunConfiguration()
    run.evaluate.everyEpochs = nil
    run.checkpoint.everyEpochs = nil
    (run.train.epochs, run.train.steps) = (nil, 7)
    #expect(try Configurations.parse(run.yaml.text, source: "config.yaml") == run)
  }
}
