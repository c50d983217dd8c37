import Network
import Operators
import StrictYAML
import Testing

/// Every layer, loss, initializer and filter says what a reader wants to know of it.
struct DocumentationTests {
  /// Checks the words of a choice and of all its keys.
  private func check<Choice: YAMLChoice>(_ alternatives: [Alternative<Choice>]) throws {
    #expect(Set(alternatives.map(\.name)).count == alternatives.count)
    for alternative in alternatives {
      #expect(!alternative.summary.isEmpty && !alternative.summary.hasSuffix("."), "\(alternative.name)")
      for field in alternative.fields {
        #expect(!field.summary.isEmpty && !field.form.isEmpty, "\(alternative.name).\(field.key)")
        #expect(!field.summary.hasSuffix("."), "\(alternative.name).\(field.key)")
      }
      try checkDefaults(alternative)
    }
  }

  /// The defaults that are shown are those that hold.
  private func checkDefaults<Choice: YAMLChoice>(_ alternative: Alternative<Choice>) throws {
    let defaults = alternative.fields.compactMap { field in field.standard.map { "\(field.key): \($0)" } }
    guard defaults.count == alternative.fields.count else { return }
    let texts = [alternative.name, "{\(alternative.name): {\(defaults.joined(separator: ", "))}}"]
    let choices = try texts.map {
      try Choice(yaml: YAMLCursor(try YAMLTree(parsing: $0, source: "text"), source: "text"))
    }
    #expect(choices[0] == choices[1], "\(texts[1])")
  }

  @Test
  func `every key has its words, and every default holds`() throws {
    try check(Layer.alternatives)
    try check(Loss.alternatives)
    try check(WeightInitializer.alternatives)
    try check(FilterKernel.alternatives)
    for field in Head.fields { #expect(!field.summary.isEmpty && !field.form.isEmpty) }
  }

  @Test
  func `every layer has a formula, shapes, parameters, work and a source`() {
    for kind in Layer.kinds {
      let notes = kind.notes
      let texts = [notes.formula, notes.shapes, notes.parameters, notes.work, notes.source]
      #expect(texts.allSatisfy { !$0.isEmpty && !$0.contains("\n") }, "\(kind.alternative.name)")
      #expect(notes.formula.contains("y"), "\(kind.alternative.name)")
      #expect(notes.shapes.contains("→"), "\(kind.alternative.name)")
    }
  }

  @Test
  func `the vocabulary is complete`() {
    let words = [
      "convolution", "transposed-convolution", "filter", "dense", "batch-norm", "group-norm", "instance-norm",
      "layer-norm", "local-response-norm", "max-pool", "average-pool", "adaptive-average-pool", "lp-pool",
      "gaussian-pool", "global-average-pool", "global-max-pool", "relu", "relu6", "sigmoid", "tanh", "silu",
      "hard-sigmoid", "hard-swish", "prelu", "softmax", "leaky-relu", "elu", "gelu", "softplus", "dropout",
      "spatial-dropout", "stochastic-depth", "flatten", "identity", "reshape", "zero-pad", "crop", "upsample",
      "channel-shuffle", "layer-scale",
    ]
    #expect(Set(Layer.kinds.map(\.alternative.name)) == Set(words))
    let losses = [
      "cross-entropy", "mean-squared-error", "smooth-l1", "binary-cross-entropy", "localization", "triplet",
      "contrastive", "cosine",
    ]
    #expect(Loss.alternatives.map(\.name) == losses)
  }
}
