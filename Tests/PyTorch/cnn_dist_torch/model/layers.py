"""Makes the layers of cnn-dist's model files: PyTorch's own modules wherever it has the operator.

A layer is made by `layer(word, options, shape)` for an input of a given shape, since `same`, `depthwise` and
normalizations depend on it.
"""

from collections.abc import Callable

from torch import nn
from torch.nn import functional

from cnn_dist_torch.model import filters, geometry
from cnn_dist_torch.model.geometry import Extent, extent
from cnn_dist_torch.model.operators import (
    Convolution, Dense, Filter, Function, GaussianPool, LayerNorm, LayerScale, LpPool, Stochastic,
    TransposedConvolution,
)
from cnn_dist_torch.model.vocabulary import Options

Shape = tuple[int, int, int]


def _convolution(o: Options, shape: Shape) -> nn.Module:
    window = (extent(o[key]) for key in ("kernel", "stride", "dilation"))
    return Convolution(shape[0], o, geometry.window_padding(o["padding"], shape[1:], *window))


def _filter(o: Options, shape: Shape) -> nn.Module:
    kernels, stride, dilation = filters.kernels(o["kernel"]), extent(o["stride"]), extent(o["dilation"])
    size = (kernels.shape[1], kernels.shape[2])
    sides = geometry.window_padding(o["padding"], shape[1:], size, stride, dilation)
    return Filter(kernels, sides, stride, dilation)


def _scaled(norm: nn.Module, o: Options) -> nn.Module:
    if norm.weight is not None:
        nn.init.constant_(norm.weight, o["initial-scale"])
    return norm


def _max_pool(o: Options, shape: Shape) -> nn.Module:
    kernel, padding, dilation = (extent(o[key]) for key in ("kernel", "padding", "dilation"))
    return nn.MaxPool2d(kernel, _stride(o), padding, dilation, ceil_mode=o["ceil"])


def _average_pool(o: Options, shape: Shape) -> nn.Module:
    return nn.AvgPool2d(extent(o["kernel"]), _stride(o), extent(o["padding"]), o["ceil"], o["include-padding"])


def _stride(o: Options) -> Extent:
    return extent(o["kernel"] if o["stride"] is None else o["stride"])


def _gaussian_pool(o: Options, shape: Shape) -> nn.Module:
    return GaussianPool(extent(o["kernel"]), extent(o["stride"]), geometry.padding(o["padding"]), o["deviation"])


def _reshape(o: Options, shape: Shape) -> nn.Module:
    return Function(lambda x: x.reshape(x.shape[0], *o["shape"]))


def _upsample(o: Options, shape: Shape) -> nn.Module:
    scale = tuple(float(axis) for axis in extent(o["scale"]))
    return nn.Upsample(scale_factor=scale, mode=o["mode"], align_corners=o["align-corners"] or None)


def _zero_pad(o: Options, shape: Shape) -> nn.Module:
    sides = geometry.padding(o["padding"])
    return Function(lambda x: geometry.padded(x, sides))


def _crop(o: Options, shape: Shape) -> nn.Module:
    sides = tuple(-side for side in geometry.padding(o["edges"]))
    return Function(lambda x: geometry.padded(x, sides))


_MAKERS: dict[str, Callable[[Options, Shape], nn.Module]] = {
    "convolution": _convolution,
    "transposed-convolution": lambda o, shape: TransposedConvolution(shape[0], o),
    "filter": _filter,
    "dense": lambda o, shape: Dense(shape[0], o["features"], o["bias"]),
    "batch-norm": lambda o, shape: _scaled(nn.BatchNorm2d(shape[0], o["epsilon"], o["momentum"]), o),
    "group-norm": lambda o, shape: _scaled(nn.GroupNorm(o["groups"], shape[0], o["epsilon"], o["affine"]), o),
    "instance-norm": lambda o, shape: nn.InstanceNorm2d(shape[0], o["epsilon"], affine=o["affine"]),
    "layer-norm": lambda o, shape: LayerNorm(shape[0], o["epsilon"], o["affine"]),
    "local-response-norm": lambda o, shape: nn.LocalResponseNorm(o["size"], o["alpha"], o["beta"], o["k"]),
    "max-pool": _max_pool,
    "average-pool": _average_pool,
    "adaptive-average-pool": lambda o, shape: nn.AdaptiveAvgPool2d(extent(o["size"])),
    "lp-pool": lambda o, shape: LpPool(o["exponent"], extent(o["kernel"]), _stride(o), o["ceil"]),
    "gaussian-pool": _gaussian_pool,
    "global-average-pool": lambda o, shape: nn.AdaptiveAvgPool2d(1),
    "global-max-pool": lambda o, shape: nn.AdaptiveMaxPool2d(1),
    "relu": lambda o, shape: nn.ReLU(),
    "relu6": lambda o, shape: nn.ReLU6(),
    "sigmoid": lambda o, shape: nn.Sigmoid(),
    "tanh": lambda o, shape: nn.Tanh(),
    "silu": lambda o, shape: nn.SiLU(),
    "hard-sigmoid": lambda o, shape: nn.Hardsigmoid(),
    "hard-swish": lambda o, shape: nn.Hardswish(),
    "prelu": lambda o, shape: nn.PReLU(1 if o["shared"] else shape[0], init=o["initial"]),
    "softmax": lambda o, shape: nn.Softmax(1),
    "leaky-relu": lambda o, shape: nn.LeakyReLU(o["slope"]),
    "elu": lambda o, shape: nn.ELU(o["alpha"]),
    "gelu": lambda o, shape: nn.GELU({"exact": "none"}.get(o["form"], o["form"])),
    "softplus": lambda o, shape: nn.Softplus(o["beta"]),
    "dropout": lambda o, shape: Stochastic(o["rate"]),
    "spatial-dropout": lambda o, shape: Stochastic(o["rate"]),
    "stochastic-depth": lambda o, shape: Stochastic(o["rate"]),
    "flatten": lambda o, shape: Function(lambda x: x.reshape(x.shape[0], -1, 1, 1)),
    "identity": lambda o, shape: nn.Identity(),
    "reshape": _reshape,
    "zero-pad": _zero_pad,
    "crop": _crop,
    "upsample": _upsample,
    "channel-shuffle": lambda o, shape: Function(lambda x: functional.channel_shuffle(x, o["groups"])),
    "layer-scale": lambda o, shape: LayerScale(shape[0], o["initial"]),
}


def layer(word: str, options: Options, shape: Shape) -> nn.Module:
    """The layer `word` with all its options, for an input of the given shape."""
    return _MAKERS[word](options, shape)
