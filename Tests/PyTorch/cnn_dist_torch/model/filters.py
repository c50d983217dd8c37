"""The fixed kernels of the `filter` layer."""

from typing import Any

import torch
from torch import Tensor

from cnn_dist_torch.model.geometry import extent, gaussian
from cnn_dist_torch.model.vocabulary import FILTERS, choice

NORTH = {
    "kirsch": [[5, 5, 5], [-3, 0, -3], [-3, -3, -3]],
    "robinson": [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    "prewitt": [[1, 1, 1], [1, -2, 1], [-1, -1, -1]],
}
# The outer places of a 3×3 kernel, clockwise.
RING = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]


def kernels(kernel: Any) -> Tensor:
    """The kernels [F, rows, columns] of a `filter` layer, in float64."""
    word, options = choice(kernel, FILTERS, "filter kernel")
    if word in NORTH:
        return _compass(torch.tensor(NORTH[word], dtype=torch.float64))
    if word == "gaussian":
        weights = gaussian(extent(options["size"]), options["deviation"])
        return (weights / weights.sum())[None]
    if word == "box":
        size = options["size"]
        return torch.full((1, size, size), 1 / size**2, dtype=torch.float64)
    sobel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    fixed = {
        "sobel": [sobel, [list(column) for column in zip(*sobel)]],
        "laplacian": [[[0, 1, 0], [1, -4, 1], [0, 1, 0]]],
    }
    return torch.tensor(fixed.get(word, options.get("values")), dtype=torch.float64)


def _compass(north: Tensor) -> Tensor:
    """The kernel and its seven turns, counter-clockwise."""
    rows, columns = (torch.tensor(axis) for axis in zip(*RING))
    turns = []
    for turn in range(8):
        kernel = north.clone()
        kernel[rows, columns] = north[rows, columns].roll(-turn)
        turns.append(kernel)
    return torch.stack(turns)
