package import Operators
package import StrictYAML

// What PyTorch, Keras and Caffe call the words of model files. Words that differ from ours in spelling alone
// (BatchNorm2d, leaky_relu) need no entry.

extension Layer {
  package static var synonyms: Synonyms {
    [
      "convolution": ["conv", "depthwiseconv2d", "separableconv2d", "depthwiseconv", "lazyconv2d", "convlayer"],
      "transposed-convolution": [
        "convtranspose", "convtranspose2d", "conv2dtranspose", "deconv", "deconv2d", "deconvolution", "upconv",
        "transposedconv", "transposeconv",
      ],
      "dense": ["linear", "fc", "fullyconnected", "innerproduct", "affine", "gemm", "lazylinear", "mlp"],
      "batch-norm": ["bn", "batchnormalization", "normalization", "norm", "syncbatchnorm", "frozenbatchnorm2d"],
      "group-norm": ["gn", "groupnormalization"],
      "layer-norm": ["ln", "layernormalization"],
      "instance-norm": ["instancenormalization"],
      "local-response-norm": ["lrn", "localresponsenormalization", "crossmaplrn2d"],
      "max-pool": ["maxpooling", "maxpooling2d", "pool", "pooling"],
      "average-pool": ["avgpool", "avgpooling", "averagepooling", "averagepooling2d", "meanpool"],
      "adaptive-average-pool": ["adaptiveavgpool", "adaptiveaveragepooling", "adaptivepool"],
      "global-average-pool": [
        "gap", "globalavgpool", "globalaveragepooling", "globalaveragepooling2d", "globalpool", "globalavgpooling",
      ],
      "global-max-pool": ["globalmaxpooling", "globalmaxpooling2d", "adaptivemaxpool"],
      "lp-pool": ["l2pool", "powerpool"],
      "relu": ["activation", "nonlinearity", "rectifier"],
      "leaky-relu": ["lrelu", "rrelu"],
      "elu": ["selu", "celu"],
      "silu": ["swish"],
      "sigmoid": ["logistic"],
      "softmax": ["logsoftmax"],
      "dropout": ["alphadropout", "gaussiandropout"],
      "spatial-dropout": ["dropout2d", "featuredropout", "spatialdropout2d"],
      "stochastic-depth": ["droppath"],
      "reshape": ["view", "unflatten"],
      "zero-pad": ["zeropadding", "zeropadding2d", "pad", "padding", "constantpad"],
      "crop": ["cropping", "cropping2d", "centercrop"],
      "upsample": ["upsampling", "upsampling2d", "interpolate", "resize", "upsamplingnearest", "upsamplingbilinear"],
      "channel-shuffle": ["shuffle"],
      "layer-scale": ["scale", "gamma"],
      "identity": ["noop", "passthrough"],
      "sequential": ["modulelist", "block", "layers"],
      "branches": [
        "add", "sum", "concat", "concatenate", "cat", "multiply", "mul", "eltwise", "merge", "residual", "shortcut",
        "skip", "parallel", "inception",
      ],
      "head": ["auxiliary", "aux", "auxhead", "auxloss"],
    ]
  }
}

extension Loss {
  package static var synonyms: Synonyms {
    [
      "cross-entropy": [
        "nll", "ce", "categoricalcrossentropy", "sparsecategoricalcrossentropy", "softmax", "softmaxwithloss",
        "softmaxcrossentropy", "logloss", "negativeloglikelihood", "xent",
      ],
      "binary-cross-entropy": ["bce", "bcewithlogits", "sigmoidcrossentropy", "binarycrossentropywithlogits"],
      "mean-squared-error": ["mse", "l2", "euclidean", "squarederror"],
      "smooth-l1": ["huber", "l1", "mae", "meanabsoluteerror"],
      "triplet": ["tripletmargin"],
      "cosine": ["cosineembedding", "cosinesimilarity"],
    ]
  }
}

extension WeightInitializer {
  package static var synonyms: Synonyms {
    [
      "he-normal": ["kaiming", "kaimingnormal", "he", "msra", "variancescaling"],
      "he-uniform": ["kaiminguniform"],
      "glorot-normal": ["xaviernormal"],
      "glorot-uniform": ["xavier", "glorot", "xavieruniform"],
      "truncated-normal": ["truncnormal"],
      "normal": ["gaussian", "randomnormal"],
      "uniform": ["randomuniform"],
      "pytorch": ["default", "torch"],
      "constant": ["zeros", "ones", "zero"],
    ]
  }
}

/// A record of a model file: its keys have other names in other programs.
package protocol ModelRecord: YAMLRecord {}

extension ModelRecord {
  package static var synonyms: Synonyms { ModelKeys.synonyms }

  package static func suggestion(for key: String, in path: String) -> String {
    let known = fields.map(\.key)
    guard ModelKeys.followFromTheInput.contains(Suggestion.plain(key)) else {
      return Suggestion.phrase(for: key, among: known, synonyms: synonyms)
    }
    let remedy = "it follows from the layer before, leave it out"
    guard let output = ["channels", "features"].first(where: known.contains) else { return remedy }
    return "\(remedy); for the output, did you mean '\(output)'?"
  }
}

/// The keys of layers in other programs.
private enum ModelKeys {
  static let synonyms: Synonyms = [
    "channels": ["outchannels", "filters", "outchs", "numoutput", "outplanes", "planes", "numfilters", "width"],
    "features": ["outfeatures", "units", "outputs", "numoutput", "hidden", "size", "outputdim", "neurons"],
    "kernel": ["kernelsize", "ksize", "poolsize", "window", "filtersize", "size", "kernelshape"],
    "stride": ["strides", "step", "subsample"],
    "padding": ["pad", "pads", "paddingmode", "border"],
    "dilation": ["dilationrate", "dilations", "atrous"],
    "groups": ["group", "numgroups", "ngroups", "cardinality"],
    "bias": ["usebias", "biasterm"],
    "initial": ["kernelinitializer", "weightfiller", "init", "initializer", "weightinit"],
    "rate": ["p", "prob", "probability", "dropprob", "dropoutratio", "dropout", "keepprob"],
    "slope": ["negativeslope", "alpha", "leak"],
    "epsilon": ["eps"],
    "momentum": ["decay"],
    "affine": ["elementwiseaffine", "scale", "center"],
    "ceil": ["ceilmode"],
    "include-padding": ["countincludepad"],
    "scale": ["scalefactor", "size", "factor"],
    "size": ["outputsize", "localsize", "n"],
    "exponent": ["p", "normtype", "power"],
    "label-smoothing": ["smoothing"],
    "class-weights": ["weight", "weights"],
    "beta": ["delta", "threshold"],
    "deviation": ["std", "stddev", "sigma"],
    "gain": ["scale"],
    "value": ["val", "constant"],
    "layers": ["modules", "net", "network", "body", "model", "architecture"],
    "input": ["inputshape", "inputsize", "shape", "inputs"],
    "merge": ["mode", "op", "operation", "how"],
    "of": ["branches", "paths", "layers"],
    "shape": ["targetshape", "newshape"],
    "edges": ["cropping"],
  ]

  static let followFromTheInput: Set = [
    "inchannels", "infeatures", "inplanes", "inchs", "inputchannels", "inputdim", "numfeatures", "normalizedshape",
    "numchannels", "inputfeatures",
  ]
}
