package import Datasets
package import Optimizers
package import StrictYAML

// What PyTorch, Keras and their like call the keys and words of a configuration. Words that differ from ours in
// spelling alone (`hold_out`, `ImageFolder`) need no entry.

/// The keys of a configuration under other names.
package enum ForeignKeys {
  /// Foreign names by the path of the key. Those of the learning rate lead to the schedule, whose kinds differ.
  package static let synonyms: Synonyms = [
    "train.epochs": ["epochs", "numepochs", "nepochs", "maxepochs", "nbepochs", "epoch", "trainepochs", "e"],
    "train.steps": ["steps", "maxsteps", "iterations", "iters", "maxiter", "maxiters", "numsteps", "trainsteps"],
    "train.global-batch": [
      "batchsize", "batch", "bs", "b", "globalbatchsize", "trainbatchsize", "minibatch", "minibatchsize",
      "totalbatchsize", "perdevicetrainbatchsize",
    ],
    "train.micro-batch": ["microbatchsize", "gradaccum", "gradientaccumulationsteps", "accumulationsteps"],
    "train.schedule": [
      "lr", "learningrate", "baselr", "initlr", "initiallr", "maxlr", "blr", "rate", "peak", "scheduler", "lrscheduler",
      "lrschedule", "lrpolicy", "sched", "minlr",
    ],
    "train.schedule.one-cycle.warm-up-epochs": ["warmup", "warmupepochs", "warmupsteps"],
    "train.schedule.step.factor": ["lrgamma", "gamma"],
    "train.schedule.step.every-epochs": ["lrstepsize", "stepsize", "milestones"],
    "train.optimizer": ["optimizer", "optim", "opt", "solver"],
    "train.optimizer.sgd.momentum": ["momentum", "sgdmomentum"],
    "train.optimizer.sgd.weight-decay": ["weightdecay", "wd", "l2", "l2reg", "decay"],
    "train.optimizer.sgd.nesterov": ["nesterov"],
    "train.optimizer.adam.beta1": ["betas", "beta", "adambeta1"],
    "train.optimizer.adam.beta2": ["adambeta2"],
    "train.optimizer.adam.epsilon": ["eps", "adamepsilon", "opteps"],
    "train.clip": ["clipgrad", "clipgradnorm", "gradclip", "gradientclipping", "clipnorm", "maxgradnorm", "maxnorm"],
    "train.ema": ["modelema", "emadecay", "ema", "averagedmodel", "swa"],
    "train.groups": ["paramgroups", "freeze", "freezelayers", "frozen", "llrd", "layerdecay"],
    "train.loss": ["loss", "criterion", "lossfn", "lossfunction", "objective"],
    "train.loss.cross-entropy.label-smoothing": ["labelsmoothing", "smoothing"],
    "train.recompute": ["recompute", "gradientcheckpointing", "activationcheckpointing", "checkpointactivations"],
    "lanes": [
      "workers", "numworkers", "j", "threads", "numthreads", "nthreads", "nworkers", "cpus", "cores", "ompnumthreads",
      "jobs",
    ],
    "seed": ["seed", "randomseed", "manualseed", "randomstate", "rngseed"],
    "model": ["model", "arch", "a", "architecture", "net", "network", "modelname", "backbone", "modeltype"],
    "data.format": ["dataset", "datasetname", "dataformat", "datatype"],
    "data.path": [
      "data", "datadir", "datapath", "root", "dataroot", "traindir", "datasetpath", "datasetdir", "inputdir",
      "datafolder",
      "imagedir", "train",
    ],
    "data.size": ["imgsize", "imagesize", "inputsize", "img", "imgsz", "cropsize", "resize", "size"],
    "data.channels": ["channels", "inchans", "inputchannels"],
    "data.classes": ["numclasses", "nclasses", "classes", "nc"],
    "data.hold-out": ["valsplit", "validationsplit", "testsplit", "valsize", "testsize", "holdout"],
    "data.augment": ["augment", "augmentation", "aug", "dataaugmentation", "autoaugment", "transforms"],
    "data.normalize.mean": ["mean"],
    "data.normalize.std": ["std"],
    "data.train-count": ["trainsamples", "maxtrainsamples", "limittrainbatches", "subset"],
    "data.test-count": ["testsamples", "maxevalsamples", "valsamples"],
    "checkpoint.every-epochs": ["savefreq", "saveevery", "saveperiod", "checkpointinterval", "checkpointfreq"],
    "checkpoint.every-steps": ["savesteps", "savestep", "checkpointsteps"],
    "checkpoint.keep": ["keeplast", "savetotallimit", "maxcheckpoints", "savetopk"],
    "evaluate.every-epochs": ["evalfreq", "evalevery", "evalinterval", "valinterval", "testinterval", "validfreq"],
    "exchange.bucket": ["bucket", "bucketsize", "bucketcapmb", "fusionthreshold"],
    "kernels.isa": ["isa", "instructionset"],
  ]

  /// The paths that a foreign name may mean, the likeliest first: its synonyms, then the keys of that name in other
  /// parts of the configuration.
  package static func paths(for name: String) -> [String] {
    let plain = Suggestion.plain(name)
    let synonyms = synonyms.words(for: name)
    let whole = ConfigurationKey.all.filter { Suggestion.plain($0.path) == plain }.map(\.path)
    return whole + synonyms + ConfigurationKey.all.filter { Suggestion.plain($0.name) == plain }.map(\.path)
  }

  /// Where in a configuration a key may belong that a part of it does not have; a model has words of its own.
  static let elsewhere: YAMLCursor.Elsewhere = { key, path in path.hasPrefix("model") ? [] : paths(for: key) }
}

extension Schedule {
  package static var synonyms: Synonyms {
    [
      "constant": ["constantlr", "fixed", "none", "flat"],
      "step": ["steplr", "multistep", "multisteplr"],
      "exponential": ["exponentiallr", "exponentialdecay"],
      "piecewise-linear": ["piecewise", "lambdalr", "multilinear"],
      "polynomial": ["polynomiallr", "poly", "polylr", "linear", "linearlr"],
      "cosine-restarts": ["cosineannealingwarmrestarts", "sgdr", "warmrestarts", "cosinewarmrestarts"],
      "plateau": ["reducelronplateau", "reduceonplateau"],
      "cosine": [
        "cosineannealing", "cosineannealinglr", "cosinelr", "cosinedecay", "cos",
      ],
      "one-cycle": ["onecyclelr", "1cycle", "superconvergence", "triangular", "cycliclr"],
    ]
  }
}

extension DatasetFormat {
  package static var synonyms: Synonyms {
    [
      "idx": ["mnist", "fashionmnist", "emnist", "kmnist", "ubyte"],
      "image-folder": ["folder", "directory", "imagenet", "images", "jpeg", "png", "dir", "imagedirectory", "files"],
      "tar": ["webdataset", "archive", "tgz", "targz", "zip"],
      "digits": ["synthetic", "builtin", "toy"],
    ]
  }
}

extension Augmentation {
  package static var synonyms: Synonyms {
    [
      "horizontal-flip": ["randomhorizontalflip", "flip", "hflip", "randomflip", "mirror", "fliplr"],
      "random-crop": ["crop", "randompadcrop", "padcrop", "randomresizedcrop"],
    ]
  }
}
