import Network
import Operators
import StrictYAML
import Testing

/// Who writes a model file with the words of PyTorch, Keras or Caffe is told ours.
struct ForeignWordTests {
  /// What is said about a model file; nil if it is accepted.
  private func complaint(_ layers: String) -> String? {
    do {
      _ = try NetworkDescription(parsing: "input: [3, 32, 32]\nlayers: \(layers)", source: "m.yaml", name: "m")
      return nil
    } catch {
      return error.description
    }
  }

  static let layers = [
    ("Conv2d", "convolution"), ("conv", "convolution"), ("conv3x3", "convolution"), ("Conv2D", "convolution"),
    ("DepthwiseConv2D", "convolution"), ("ConvTranspose2d", "transposed-convolution"),
    ("Conv2DTranspose", "transposed-convolution"), ("deconvolution", "transposed-convolution"), ("linear", "dense"),
    ("Linear", "dense"), ("fc", "dense"), ("Dense", "dense"), ("fully_connected", "dense"), ("InnerProduct", "dense"),
    ("BatchNorm2d", "batch-norm"), ("bn", "batch-norm"), ("BatchNormalization", "batch-norm"),
    ("GroupNorm", "group-norm"), ("LayerNorm", "layer-norm"), ("InstanceNorm2d", "instance-norm"),
    ("LRN", "local-response-norm"), ("LocalResponseNorm", "local-response-norm"), ("MaxPool2d", "max-pool"),
    ("MaxPooling2D", "max-pool"), ("avgpool", "average-pool"), ("AvgPool2d", "average-pool"),
    ("AveragePooling2D", "average-pool"), ("AdaptiveAvgPool2d", "adaptive-average-pool"),
    ("GlobalAveragePooling2D", "global-average-pool"), ("GlobalMaxPooling2D", "global-max-pool"),
    ("LPPool2d", "lp-pool"), ("ReLU", "relu"), ("ReLU6", "relu6"), ("LeakyReLU", "leaky-relu"), ("PReLU", "prelu"),
    ("Activation", "relu"), ("Swish", "silu"), ("Hardswish", "hard-swish"), ("GELU", "gelu"),
    ("LogSoftmax", "softmax"), ("Dropout", "dropout"), ("Dropout2d", "spatial-dropout"),
    ("SpatialDropout2D", "spatial-dropout"), ("DropPath", "stochastic-depth"), ("Upsample", "upsample"),
    ("UpSampling2D", "upsample"), ("Interpolate", "upsample"), ("ZeroPadding2D", "zero-pad"),
    ("ZeroPad2d", "zero-pad"), ("Cropping2D", "crop"), ("Flatten", "flatten"), ("View", "reshape"),
    ("Identity", "identity"), ("Sequential", "sequential"), ("Add", "branches"), ("Concatenate", "branches"),
    ("Multiply", "branches"), ("residual", "branches"),
  ]

  @Test(arguments: layers)
  func `a layer of another program leads to ours, with keys and without`(foreign: String, own: String) throws {
    for text in ["[\(foreign)]", "[{\(foreign): {}}]", "[{name: a, \(foreign): {x: 1}}]"] {
      let said = try #require(complaint(text))
      #expect(said.contains("unknown layer '\(foreign)'; did you mean '\(own)'?"), "\(said)")
    }
  }

  @Test(arguments: [
    ("convolution", "out_channels", "channels"), ("convolution", "filters", "channels"),
    ("convolution", "kernel_size", "kernel"), ("convolution", "strides", "stride"), ("convolution", "use_bias", "bias"),
    ("convolution", "dilation_rate", "dilation"), ("convolution", "kernel_initializer", "initial"),
    ("dense", "units", "features"), ("dense", "out_features", "features"), ("dropout", "p", "rate"),
    ("leaky-relu", "negative_slope", "slope"), ("batch-norm", "eps", "epsilon"), ("max-pool", "pool_size", "kernel"),
    ("max-pool", "ceil_mode", "ceil"), ("group-norm", "num_groups", "groups"), ("upsample", "scale_factor", "scale"),
    ("adaptive-average-pool", "output_size", "size"), ("average-pool", "count_include_pad", "include-padding"),
    ("lp-pool", "norm_type", "exponent"),
  ])
  func `a key of another program leads to ours`(layer: String, foreign: String, own: String) throws {
    let said = try #require(complaint("[{\(layer): {\(foreign): 3}}]"))
    #expect(said.contains("unknown key '\(foreign)'; did you mean '\(own)'?"), "\(said)")
  }

  @Test func `the size of the input is not to be given`() throws {
    let convolution = try #require(complaint("[{convolution: {in_channels: 3, channels: 4}}]"))
    #expect(convolution.contains("leave it out") && convolution.contains("did you mean 'channels'?"), "\(convolution)")
    let normalization = try #require(complaint("[{batch-norm: {num_features: 64}}]"))
    #expect(normalization.contains("leave it out") && !normalization.contains("did you mean"), "\(normalization)")
  }

  @Test(arguments: [
    ("CrossEntropyLoss", "cross-entropy"), ("nll", "cross-entropy"), ("NLLLoss", "cross-entropy"),
    ("sparse_categorical_crossentropy", "cross-entropy"), ("bce", "binary-cross-entropy"),
    ("BCEWithLogitsLoss", "binary-cross-entropy"), ("mse", "mean-squared-error"), ("MSELoss", "mean-squared-error"),
    ("SmoothL1Loss", "smooth-l1"), ("HuberLoss", "smooth-l1"), ("TripletMarginLoss", "triplet"),
    ("CosineEmbeddingLoss", "cosine"),
  ])
  func `a loss of another program leads to ours`(foreign: String, own: String) throws {
    let said = try #require(complaint("[{head: {loss: \(foreign), layers: [flatten]}}]"))
    #expect(said.contains("unknown loss '\(foreign)'; did you mean '\(own)'?"), "\(said)")
  }

  @Test(arguments: [
    ("kaiming_normal", "he-normal"), ("xavier_uniform", "glorot-uniform"), ("trunc_normal", "truncated-normal"),
  ])
  func `initial weights of another program lead to ours`(foreign: String, own: String) throws {
    let said = try #require(complaint("[{convolution: {channels: 2, initial: \(foreign)}}]"))
    #expect(said.contains("did you mean '\(own)'?"), "\(said)")
  }

  /// A table that names a word that there is not would never answer.
  @Test func `every synonym leads to a word that there is`() {
    let structures = ["sequential", "branches", "head"]
    let tables: [(Synonyms, [String])] = [
      (Layer.synonyms, Layer.alternatives.map(\.name) + structures), (Loss.synonyms, Loss.alternatives.map(\.name)),
      (WeightInitializer.synonyms, WeightInitializer.alternatives.map(\.name)),
    ]
    for (synonyms, known) in tables {
      for (foreign, words) in synonyms.table {
        #expect(words.allSatisfy(known.contains), "\(foreign): \(words)")
        #expect(words.count == 1, "\(foreign) means several things: \(words)")
        #expect(foreign == Suggestion.plain(foreign), "\(foreign) is not written plainly")
        #expect(!known.map(Suggestion.plain).contains(foreign), "\(foreign) is a word of ours")
      }
    }
  }
}
