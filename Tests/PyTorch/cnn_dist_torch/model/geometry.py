"""Extents, paddings and windows as cnn-dist's model files write them."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from cnn_dist_torch.model.vocabulary import ModelError

Extent = tuple[int, int]
# Rows and columns before and behind: top, left, bottom, right.
Padding = tuple[int, int, int, int]


def extent(value: Any) -> Extent:
    """`n` or `[height, width]`."""
    height, width = (value, value) if isinstance(value, int) else value
    return height, width


def padding(value: Any) -> Padding:
    """`n`, `[height, width]` or `[top, left, bottom, right]`."""
    sides = (value, value) if isinstance(value, int) else tuple(value)
    if len(sides) not in (2, 4):
        raise ModelError(f"padding {value} must be n, [h, w] or [top, left, bottom, right]")
    return sides * 2 if len(sides) == 2 else sides


def window_padding(value: Any, size: Extent, kernel: Extent, stride: Extent, dilation: Extent) -> Padding:
    """Any form of padding for a window over an input of `size`; `same` makes the output ⌈input / stride⌉."""
    if value != "same":
        return padding(value)
    before, after = zip(*(_same(*axis) for axis in zip(size, kernel, stride, dilation)))
    return (*before, *after)


def _same(size: int, kernel: int, stride: int, dilation: int) -> Extent:
    output = -(-size // stride)
    total = max((output - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def padded(x: Tensor, sides: Padding, value: float = 0) -> Tensor:
    """`x` with `value` round it; negative sides are cut off."""
    top, left, bottom, right = sides
    return functional.pad(x, (left, right, top, bottom), value=value)


def is_symmetric(sides: Padding) -> bool:
    return sides[:2] == sides[2:]


def windows(
    x: Tensor, output: Extent, kernel: Extent, stride: Extent, before: Extent = (0, 0), dilation: Extent = (1, 1),
    fill: float = 0,
) -> Tensor:
    """The taps of each window, [N, C, taps, positions], with `fill` where a tap is beside the input.

    `output` says how many windows there are, so that a window may reach over the far edge (`ceil`) by any amount.
    """
    sizes = zip(output, kernel, stride, before, dilation, x.shape[2:])
    after = [max((o - 1) * s + d * (k - 1) + 1 - b - size, 0) for o, k, s, b, d, size in sizes]
    taps = functional.unfold(padded(x, (*before, *after), fill), kernel, dilation, stride=stride)
    taps = taps.unflatten(1, (x.shape[1], kernel[0] * kernel[1]))
    if taps.shape[3] != output[0] * output[1]:
        raise ModelError(f"{taps.shape[3]} windows instead of {output[0]}×{output[1]}")
    return taps


def pooled_size(size: int, kernel: int, stride: int, ceil: bool) -> int:
    """How many windows PyTorch lays along an axis without padding: with `ceil` the last may reach over the edge, but
    none may begin there."""
    if not ceil:
        return (size - kernel) // stride + 1
    count = -(-(size - kernel) // stride) + 1
    return count - 1 if (count - 1) * stride >= size else count


def gaussian(kernel: Extent, deviation: float) -> Tensor:
    """exp(−(u² + v²) / 2σ²) with u, v from the centre of the kernel, in float64."""
    axes = [torch.arange(size, dtype=torch.float64) - (size - 1) / 2 for size in kernel]
    rows, columns = (torch.exp(-axis.square() / (2 * deviation**2)) for axis in axes)
    return rows[:, None] * columns
