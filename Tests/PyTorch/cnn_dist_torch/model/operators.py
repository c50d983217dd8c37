"""Operators of cnn-dist's layers that PyTorch has not, or not in every form, as modules.

Everything that flows is an image [N, C, H, W]; a vector is an image of 1×1, as in cnn-dist.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from cnn_dist_torch.model import geometry
from cnn_dist_torch.model.geometry import Extent, Padding, extent
from cnn_dist_torch.model.vocabulary import ModelError, Options


class Convolution(nn.Conv2d):
    """A convolution that may be padded by different amounts on opposite sides."""

    def __init__(self, channels: int, options: Options, sides: Padding) -> None:
        # PyTorch's own padding where it can be: that is the operator to be compared with.
        self.sides = None if geometry.is_symmetric(sides) else sides
        groups = channels if options["groups"] == "depthwise" else options["groups"]
        super().__init__(
            channels, options["channels"], extent(options["kernel"]), extent(options["stride"]),
            (0, 0) if self.sides else sides[:2], extent(options["dilation"]), groups, options["bias"],
        )

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(geometry.padded(x, self.sides) if self.sides else x)


class TransposedConvolution(nn.ConvTranspose2d):
    """A transposed convolution that may be cropped by different amounts on opposite sides."""

    def __init__(self, channels: int, options: Options) -> None:
        sides = geometry.padding(options["padding"])
        self.sides = None if geometry.is_symmetric(sides) else sides
        super().__init__(
            channels, options["channels"], extent(options["kernel"]), extent(options["stride"]),
            (0, 0) if self.sides else sides[:2], extent(options["output-padding"]), options["groups"],
            options["bias"], extent(options["dilation"]),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return geometry.padded(y, tuple(-side for side in self.sides)) if self.sides else y


class Filter(nn.Module):
    """The same fixed filters over each channel alone."""

    def __init__(self, filters: Tensor, sides: Padding, stride: Extent, dilation: Extent) -> None:
        super().__init__()
        self.filters, self.sides, self.stride, self.dilation = filters, sides, stride, dilation

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        weight = self.filters.to(x.dtype)[:, None].repeat(channels, 1, 1, 1)
        return functional.conv2d(
            geometry.padded(x, self.sides), weight, stride=self.stride, dilation=self.dilation, groups=channels)


class Dense(nn.Linear):
    """A fully connected layer between images of 1×1."""

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2:] != (1, 1):
            raise ModelError("a dense layer needs a vector; put 'flatten' before it")
        return super().forward(x.flatten(1))[:, :, None, None]


class LayerNorm(nn.LayerNorm):
    """Normalization over the channels at each position, as ConvNeXt has it."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class LayerScale(nn.Module):
    """A factor for each channel, called as in torchvision's ConvNeXt."""

    def __init__(self, channels: int, initial: float) -> None:
        super().__init__()
        self.layer_scale = nn.Parameter(torch.full((channels, 1, 1), float(initial)))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.layer_scale


class LpPool(nn.Module):
    """(Σ |x|^p)^(1/p) over each window. PyTorch's own takes odd powers without the absolute value, and scales up
    windows that reach over the edge as if they were whole."""

    def __init__(self, exponent: float, kernel: Extent, stride: Extent, ceil: bool) -> None:
        super().__init__()
        self.exponent, self.kernel, self.stride, self.ceil = exponent, kernel, stride, ceil

    def forward(self, x: Tensor) -> Tensor:
        axes = zip(x.shape[2:], self.kernel, self.stride)
        output = tuple(geometry.pooled_size(*axis, self.ceil) for axis in axes)
        sums = geometry.windows(x.abs().pow(self.exponent), output, self.kernel, self.stride).sum(2)
        # The root's own derivative at zero is infinite; a sum of zeros shall pass no gradient on.
        safe = torch.where(sums > 0, sums, 1).pow(1 / self.exponent)
        return torch.where(sums > 0, safe, 0).unflatten(2, output)


class GaussianPool(nn.Module):
    """The mean of each window, weighted by a Gaussian round its centre; taps beside the input do not count."""

    def __init__(self, kernel: Extent, stride: Extent, sides: Padding, deviation: float) -> None:
        super().__init__()
        self.stride, self.sides, self.weights = stride, sides, geometry.gaussian(kernel, deviation)

    def sums(self, x: Tensor) -> Tensor:
        weight = self.weights.to(x.dtype).repeat(x.shape[1], 1, 1, 1)
        return functional.conv2d(geometry.padded(x, self.sides), weight, stride=self.stride, groups=x.shape[1])

    def forward(self, x: Tensor) -> Tensor:
        return self.sums(x) / self.sums(torch.ones_like(x))


class Stochastic(nn.Module):
    """Multiplies by a mask that is given from outside, while training.

    Which mask cnn-dist draws is its own affair; only what it does with it can be compared.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        if mask is None:
            raise ModelError("a stochastic layer needs its mask while training")
        return x * (mask if mask.dim() == 4 else mask[:, :, None, None]).to(x.dtype)


class Function(nn.Module):
    """A layer without parameters that is one call."""

    def __init__(self, apply: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.apply_to = apply

    def forward(self, x: Tensor) -> Tensor:
        return self.apply_to(x)
