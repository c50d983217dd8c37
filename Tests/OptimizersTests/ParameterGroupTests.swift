import Optimizers
import Testing

@Suite struct ParameterGroupTests {
  private let names = ["conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.conv1.weight", "fc.weight", "fc.bias"]

  @Test(arguments: [
    ("*", 6), ("*.bias", 2), ("layer1.*", 1), ("fc.*", 2), ("conv?.weight", 1), ("[bf]*.bias", 2), ("fc", 0),
    ("bias", 0),
  ])
  func `patterns match whole names as a shell does`(pattern: String, count: Int) {
    var group = ParameterGroup()
    group.match = pattern
    #expect(names.filter(group.matches).count == count)
  }

  @Test func `the last of several groups counts, key by key`() {
    var (all, head, bias) = (ParameterGroup(), ParameterGroup(), ParameterGroup())
    (all.match, all.freeze, all.rate) = ("*", true, 0.1)
    (head.match, head.freeze) = ("fc.*", false)
    (bias.match, bias.rate, bias.weightDecay) = ("*.bias", 2, 0.5)
    let groups = ParameterGroups([all, head, bias])
    #expect(names.filter(groups.freezes) == names.dropLast(2))
    var rule = SGD()
    rule.weightDecay = 0.01
    #expect(groups.settings("fc.weight", decays: true, rule: rule) == ParameterSettings(rate: 0.1, decay: 0.01))
    #expect(groups.settings("fc.bias", decays: false, rule: rule) == ParameterSettings(rate: 2, decay: 0.5))
    #expect(groups.settings("bn1.weight", decays: false, rule: rule) == ParameterSettings(rate: 0.1, decay: 0))
  }

  @Test func `a pattern that matches nothing is an error that names the layers`() throws {
    var (first, second) = (ParameterGroup(), ParameterGroup())
    (first.match, second.match) = ("fc.*", "layer9.*")
    let sentence = try #require(ParameterGroups([first, second]).problem(names: names))
    #expect(sentence.contains("'layer9.*'") && sentence.contains("conv1, bn1, layer1, fc"))
    #expect(ParameterGroups([first]).problem(names: names) == nil)
  }

  @Test func `a group that changes nothing is refused`() {
    var group = ParameterGroup()
    group.match = "fc.*"
    #expect(group.problem()?.contains("changes nothing") == true)
    group.freeze = true
    #expect(group.problem() == nil)
    group.match = ""
    #expect(group.problem()?.contains("match") == true)
  }
}
