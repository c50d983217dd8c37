"""The words of cnn-dist's model files and losses, with their options and defaults.

The table is apart from the code that acts on it, so that a misspelt option is refused as cnn-dist refuses it, and so
that `fixtures.make --coverage` can ask which words no test has used.
"""

from typing import Any

# Stands for a default: the option has to be given.
REQUIRED = object()

Options = dict[str, Any]

NODES = ("sequential", "branches", "head")
MERGES = ("add", "concat", "multiply")
# The weight of a head's loss where none is given.
HEAD_WEIGHT = 0.3

_WINDOW: Options = {"kernel": 2, "stride": None, "ceil": False}
_CONVOLUTION: Options = {
    "channels": REQUIRED, "kernel": 3, "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True,
    "initial": "pytorch",
}

LAYERS: dict[str, Options] = {
    "convolution": _CONVOLUTION,
    "transposed-convolution": _CONVOLUTION | {"output-padding": 0},
    "filter": {"kernel": REQUIRED, "stride": 1, "padding": "same", "dilation": 1},
    "dense": {"features": REQUIRED, "bias": True, "initial": "pytorch"},
    "batch-norm": {"epsilon": 1e-5, "momentum": 0.1, "initial-scale": 1},
    "group-norm": {"groups": REQUIRED, "epsilon": 1e-5, "affine": True, "initial-scale": 1},
    "instance-norm": {"epsilon": 1e-5, "affine": False},
    "layer-norm": {"epsilon": 1e-5, "affine": True},
    "local-response-norm": {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1},
    "max-pool": _WINDOW | {"padding": 0, "dilation": 1},
    "average-pool": _WINDOW | {"padding": 0, "include-padding": True},
    "adaptive-average-pool": {"size": REQUIRED},
    "lp-pool": _WINDOW | {"exponent": 2},
    "gaussian-pool": {"kernel": 3, "stride": 1, "padding": 0, "deviation": 1},
    "global-average-pool": {},
    "global-max-pool": {},
    "relu": {},
    "relu6": {},
    "sigmoid": {},
    "tanh": {},
    "silu": {},
    "hard-sigmoid": {},
    "hard-swish": {},
    "prelu": {"shared": True, "initial": 0.25},
    "softmax": {},
    "leaky-relu": {"slope": 0.01},
    "elu": {"alpha": 1},
    "gelu": {"form": "exact"},
    "softplus": {"beta": 1},
    "dropout": {"rate": 0.5},
    "spatial-dropout": {"rate": 0.5},
    "stochastic-depth": {"rate": 0.5},
    "flatten": {},
    "identity": {},
    "reshape": {"shape": REQUIRED},
    "zero-pad": {"padding": REQUIRED},
    "crop": {"edges": REQUIRED},
    "upsample": {"scale": 2, "mode": "nearest", "align-corners": False},
    "channel-shuffle": {"groups": REQUIRED},
    "layer-scale": {"initial": 1e-6},
}

# The kernels of the `filter` layer.
FILTERS: dict[str, Options] = {
    "sobel": {},
    "laplacian": {},
    "gaussian": {"size": 5, "deviation": 1},
    "box": {"size": 3},
    "kirsch": {},
    "robinson": {},
    "prewitt": {},
    "weights": {"values": REQUIRED},
}

LOSSES: dict[str, Options] = {
    "cross-entropy": {"label-smoothing": 0, "targets": "labels", "class-weights": ()},
    "mean-squared-error": {"targets": "labels"},
    "smooth-l1": {"beta": 1, "targets": "labels"},
    "binary-cross-entropy": {"targets": "labels"},
    "localization": {"background": 0},
    "triplet": {"margin": 1},
    "contrastive": {"margin": 1},
    "cosine": {"margin": 0},
}

# Options that are one of a few words: each of them deserves a test.
CHOICES: dict[tuple[str, str], tuple[Any, ...]] = {
    ("convolution", "padding"): ("same",),
    ("convolution", "groups"): ("depthwise",),
    ("gelu", "form"): ("exact", "tanh"),
    ("upsample", "mode"): ("nearest", "bilinear"),
}


class ModelError(Exception):
    """A model file or a loss that cnn-dist would refuse."""


def choice(node: Any, table: dict[str, Options], what: str) -> tuple[str, Options]:
    """The word of `word` or `{word: {option: value}}`, and all its options, given or not."""
    if isinstance(node, str):
        node = {node: None}
    if not isinstance(node, dict) or len(node) != 1:
        raise ModelError(f"{node} must be one {what}")
    word, given = next(iter(node.items()))
    if word not in table:
        raise ModelError(f"unknown {what} '{word}'; known are {', '.join(table)}")
    return word, _options(word, given or {}, table[word])


def _options(word: str, given: Options, known: Options) -> Options:
    if unknown := given.keys() - known.keys():
        raise ModelError(f"{word} has no option {', '.join(sorted(unknown))}; known are {', '.join(known) or 'none'}")
    options = known | given
    if missing := [key for key, value in options.items() if value is REQUIRED]:
        raise ModelError(f"{word} needs {', '.join(missing)}")
    return options
