import StrictYAML
import Testing

/// What is proposed for an unknown word.
struct SuggestionTests {
  static let zoo = [
    "mlp", "lenet5", "resnet20", "mobilenet-cifar", "vgg11-cifar", "resnet18-cifar", "resnet50", "vgg19",
  ]

  @Test(arguments: [
    // Other spellings.
    ("ResNet20", "resnet20"), ("resnet_18_cifar", "resnet18-cifar"), ("LeNet-5", "lenet5"), ("VGG-19", "vgg19"),
    // The beginning of a name, and a name with something behind it, go before a similar name.
    ("resnet18", "resnet18-cifar"), ("resnet-18", "resnet18-cifar"), ("vgg11", "vgg11-cifar"),
    ("mobilenet", "mobilenet-cifar"), ("lenet", "lenet5"), ("vgg19_bn", "vgg19"), ("resnet50-v1.5", "resnet50"),
    // Slips.
    ("resnt20", "resnet20"), ("mpl", "mlp"), ("lneet5", "lenet5"), ("mobilnet-cifar", "mobilenet-cifar"),
  ])
  func `the model that is meant is proposed`(word: String, model: String) {
    #expect(Suggestion.phrase(for: word, among: Self.zoo) == "did you mean '\(model)'?")
  }

  @Test(arguments: ["resnet34", "vgg16", "lenet6", "resnet101", "densenet121", "alexnet"])
  func `another number is another model, no slip`(word: String) {
    #expect(Suggestion.phrase(for: word, among: Self.zoo).hasPrefix("known are mlp, lenet5"))
  }

  @Test func `words of other programs lead to ours where ours is known`() {
    let synonyms: Synonyms = ["dense": ["linear", "fc"], "features": ["units", "size"], "kernel": ["size"]]
    #expect(Suggestion.nearest(to: "Linear", among: ["dense", "relu"], synonyms: synonyms) == "dense")
    #expect(Suggestion.nearest(to: "LINEAR_layer", among: ["dense", "relu"], synonyms: synonyms) == "dense")
    #expect(Suggestion.nearest(to: "Linear", among: ["relu"], synonyms: synonyms) == nil)
    #expect(Suggestion.nearest(to: "size", among: ["kernel", "stride"], synonyms: synonyms) == "kernel")
    #expect(Suggestion.nearest(to: "size", among: ["bias", "features"], synonyms: synonyms) == "features")
  }

  @Test func `what programs hang on a word does not matter`() {
    let synonyms: Synonyms = ["convolution": ["conv"], "spatial-dropout": ["dropout2d"]]
    let known = ["convolution", "dropout", "spatial-dropout", "relu", "mean-squared-error"]
    for word in ["Conv2d", "conv1d", "Conv3D", "conv3x3", "ConvLayer", "conv"] {
      #expect(Suggestion.nearest(to: word, among: known, synonyms: synonyms) == "convolution", "\(word)")
    }
    #expect(Suggestion.nearest(to: "ReLULayer", among: known, synonyms: synonyms) == "relu")
    #expect(Suggestion.nearest(to: "Dropout1d", among: known, synonyms: synonyms) == "dropout")
    #expect(Suggestion.nearest(to: "Dropout2d", among: known, synonyms: synonyms) == "spatial-dropout")
  }

  @Test func `nothing is proposed for what is like nothing`() {
    #expect(Suggestion.nearest(to: "weather", among: ["count", "seed"]) == nil)
    #expect(Suggestion.nearest(to: "", among: ["count", "seed"]) == nil)
    #expect(Suggestion.nearest(to: "x", among: []) == nil)
    #expect(Suggestion.phrase(for: "weather", among: ["count", "seed"]) == "known are count, seed")
  }
}
