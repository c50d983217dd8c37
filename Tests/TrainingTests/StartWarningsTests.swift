import Datasets
import Network
import Operators
import Planner
import Testing
import Training

/// What is said of a run before its first step.
@Suite struct StartWarningsTests {
  private static let input = Shape(channels: 1, height: 28, width: 28)
  private static let logits: [Module] = [.layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(10)), name: "fc")]
  private static let softmax = Module.layer(.softmax(SoftmaxLayer()), name: "last")
  private static let sigmoid = Module.layer(.activation(.sigmoid), name: "last")

  /// What is said of a model that ends in `end`, trained with `loss`.
  private func sentences(_ end: [Module], _ overrides: [String] = []) throws -> [String] {
    let network = NetworkDescription(name: "m", input: Self.input, layers: Self.logits + end)
    return StartWarnings.sentences(for: try LittleRun.blueprint(overrides, network: network))
  }

  private static let bce = "train.loss={binary-cross-entropy: {targets: labels}}"

  @Test func `a sound model is not spoken of`() throws {
    for network in [LittleRun.network, LittleRun.deepNetwork] {
      #expect(StartWarnings.sentences(for: try LittleRun.blueprint(network: network)) == [])
    }
    #expect(try sentences([]) == [])
    #expect(try sentences([], [Self.bce]) == [])
    // A squared error has no softmax of its own.
    #expect(try sentences([Self.softmax], ["train.loss={mean-squared-error: {targets: labels}}"]) == [])
    // A gate in the middle of the network is no output.
    let gate = Module.branches(.multiply, [.layer(.identity(IdentityLayer())), Self.sigmoid])
    #expect(try sentences([gate]) == [])
  }

  @Test(arguments: [
    [softmax], [softmax, .layer(.flatten(FlattenLayer()))], [softmax, .layer(.dropout(DropoutLayer(0.1)))],
    [.sequential([softmax, .layer(.identity(IdentityLayer()))], name: "end")],
    [sigmoid],
  ])
  func `what cross-entropy has of its own is not to be given to it`(end: [Module]) throws {
    let said = try sentences(end)
    #expect(said.count == 1)
    #expect(said.allSatisfy { $0.contains("last'") && $0.contains("softmax of its own") && $0.contains("remove") })
  }

  @Test func `binary cross-entropy has a sigmoid of its own`() throws {
    let said = try sentences([Self.sigmoid], [Self.bce])
    #expect(said.count == 1 && said[0].contains("sigmoid of its own"), "\(said)")
  }

  @Test func `heads are looked at with their own losses`() throws {
    func head(_ loss: Loss?, _ layers: [Module]) -> Module {
      var head = Head()
      head.loss = loss
      head.layers = layers
      return Module(name: "aux", .head(head))
    }
    let ends = [[head(nil, [Self.softmax])], [head(.binaryCrossEntropy(BinaryCrossEntropyLoss()), [Self.sigmoid])]]
    for end in ends {
      let network = NetworkDescription(name: "m", input: Self.input, layers: Self.logits + end)
      let said = OutputWarnings.sentences(for: network, loss: .crossEntropy(CrossEntropyLoss()))
      #expect(said.count == 1 && said[0].contains("'aux.last'"), "\(said)")
    }
    // The value passes a head unchanged, so what stands before the head is the last layer.
    #expect(try sentences([Self.softmax, head(nil, [Self.logits[1]])]).count == 1)
  }

  @Test(arguments: [
    "{one-cycle: {peak: 0.05, warm-up-epochs: 50}}", "{constant: {rate: 0.05, warm-up-epochs: 50}}",
    "{step: {rate: 0.05, warm-up-epochs: 50}}", "{cosine: {peak: 0.05, warm-up-epochs: 50}}",
  ])
  func `a warm-up longer than the run is told with both lengths`(schedule: String) throws {
    let said = try sentences([], ["train.schedule=\(schedule)"])
    // 10 steps of 48 over 101 samples.
    #expect(said.count == 1 && said[0].contains("50.00 epochs") && said[0].contains("4.75"), "\(said)")
    #expect(try sentences([], ["train.schedule=\(schedule)", "train.steps=106"]) == [])
  }

  @Test func `fewer samples than a global batch are told`() throws {
    let said = try sentences([], ["data.train-count=47"])
    #expect(said.count == 1 && said[0].contains("47 samples") && said[0].contains("train.global-batch"), "\(said)")
    #expect(try sentences([], ["data.train-count=48"]) == [])
  }

  @Test(arguments: ["{mean: [127], std: [64]}", "{mean: [0.5], std: [1000]}"])
  func `a normalization on the wrong scale is told`(normalize: String) throws {
    let said = try sentences([], ["data.normalize=\(normalize)"])
    #expect(said.count == 1 && said[0].contains("data.normalize") && said[0].contains("scale 0 to 1"), "\(said)")
  }
}

/// Data from which nothing can be learned.
@Suite struct SampleWarningsTests {
  /// Images of 2×2 pixels that a function of their number fills.
  private struct Source: SampleSource {
    var count = 40
    let shape = Shape(channels: 3, height: 2, width: 2)
    var classNames = ["cat", "dog"]
    func content(report: (String) -> Void) -> SplitContent { SplitContent(digest: "", coverage: .generated) }
    var byte: @Sendable (_ index: Int, _ place: Int) -> UInt8 = { UInt8(truncatingIfNeeded: $0 * 7 + $1 * 31) }
    var label: @Sendable (_ index: Int) -> Int = { $0 % 2 }
    var damaged = false

    func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int {
      if damaged { throw DatasetError("damaged") }
      for place in pixels.indices { pixels[place] = byte(index, place) }
      return label(index)
    }
    func name(of index: Int) -> String { "\(index)" }
    func label(of index: Int) -> Int { label(index) }
  }

  private func sentences(_ train: Source, test: Source = Source()) -> [String] {
    SampleWarnings.sentences(
      for: Dataset(train: train, test: test, name: "made"),
      normalization: Normalization(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5]))
  }

  @Test func `plain data is not spoken of`() {
    #expect(sentences(Source()) == [])
    #expect(sentences(Source(count: 1, label: { _ in 1 })) == [])
    // Damage is told when the image is read.
    #expect(sentences(Source(damaged: true)) == [])
    #expect(sentences(Source(count: 20_000, label: { $0 == 19_999 ? 1 : 0 })) == [])
  }

  @Test func `images without content are told`() {
    let equal = sentences(Source(byte: { UInt8($1) }))
    #expect(equal.count == 1 && equal[0].contains("all the same"), "\(equal)")
    let blank = sentences(Source(byte: { UInt8($0 % 5 * 50 + $1 % 3) }))
    #expect(blank.count == 1 && blank[0].contains("one colour"), "\(blank)")
  }

  @Test func `labels of one class are told with its name`() {
    let training = sentences(Source(label: { _ in 1 }))
    #expect(training.count == 1 && training[0].contains("40 training labels are 'dog'"), "\(training)")
    let test = sentences(Source(), test: Source(label: { _ in 0 }))
    #expect(test.count == 1 && test[0].contains("test labels are 'cat'"), "\(test)")
    #expect(sentences(Source(classNames: ["cat"], label: { _ in 0 })) == [])
  }
}
