"""Verifies what the comparisons rest on: every operator that PyTorch has not is computed once more by plain loops from
its definition, and every gradient of the fixtures' cases is held against finite differences.

    python -m cnn_dist_torch.verify

Exit code 0 if all agrees, else 1.
"""

import itertools
import math
import sys
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from cnn_dist_torch.fixtures import cases, make
from cnn_dist_torch.model import filters, from_yaml
from cnn_dist_torch.step import passes
from cnn_dist_torch.step.losses import Loss

Array = np.ndarray
AGREEMENT = 1e-12
STEP = 1e-6
# Central differences in float64 are good for about half of its digits.
DIFFERENCE_TOLERANCE = 1e-6


def output_of(layers: str, x: Array) -> tuple[Array, dict[str, Array]]:
    """The output of layers that are written in YAML, and their weights."""
    _, channels, height, width = x.shape
    model = from_yaml.parse(f"input: [{channels}, {height}, {width}]\nlayers: {layers}").double()
    output, _ = model(torch.from_numpy(x))
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    return output.detach().numpy(), weights


def taps(x: Array, i: int, j: int, kernel: tuple[int, int], top: int, left: int, dilation: int = 1) -> Array:
    """The window whose first tap is at (i − top, j − left), with NaN beside the input."""
    window = np.full((*x.shape[:2], *kernel), np.nan)
    for u, v in itertools.product(*map(range, kernel)):
        row, column = i - top + u * dilation, j - left + v * dilation
        if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
            window[:, :, u, v] = x[:, :, row, column]
    return window


def lp_pool(x: Array, kernel: tuple[int, int], stride: int, p: float, size: tuple[int, int]) -> Array:
    y = np.zeros((*x.shape[:2], *size))
    for i, j in np.ndindex(*size):
        y[:, :, i, j] = np.nansum(np.abs(taps(x, i * stride, j * stride, kernel, 0, 0)) ** p, (2, 3)) ** (1 / p)
    return y


def gaussian_pool(x: Array, kernel: tuple[int, int], stride: int, padding: tuple[int, int], deviation: float,
                  size: tuple[int, int]) -> Array:
    y = np.zeros((*x.shape[:2], *size))
    for i, j in np.ndindex(*size):
        window = taps(x, i * stride, j * stride, kernel, *padding)
        weights = np.zeros(kernel)
        for u, v in np.ndindex(*kernel):
            squares = (u - (kernel[0] - 1) / 2) ** 2 + (v - (kernel[1] - 1) / 2) ** 2
            weights[u, v] = math.exp(-squares / (2 * deviation**2))
        weights = np.where(np.isnan(window), 0, weights)
        y[:, :, i, j] = np.nansum(weights * window, (2, 3)) / weights.sum((2, 3))
    return y


def filtered(x: Array, kernels: Array, stride: int, before: tuple[int, int], dilation: int,
             size: tuple[int, int]) -> Array:
    y = np.zeros((x.shape[0], x.shape[1] * len(kernels), *size))
    for i, j in np.ndindex(*size):
        window = taps(x, i * stride, j * stride, kernels.shape[1:], *before, dilation)
        for channel, (f, kernel) in itertools.product(range(x.shape[1]), enumerate(kernels)):
            y[:, channel * len(kernels) + f, i, j] = np.nansum(window[:, channel] * kernel, (1, 2))
    return y


def transposed(x: Array, weight: Array, bias: Array, stride: int, sides: tuple[int, int, int, int]) -> Array:
    """Each input pixel adds its multiple of the kernel to the output; then the sides are cut off."""
    (samples, channels, height, width), (_, outputs, rows, columns) = x.shape, weight.shape
    y = np.zeros((samples, outputs, (height - 1) * stride + rows, (width - 1) * stride + columns))
    for i, j, c in np.ndindex(height, width, channels):
        part = x[:, c, i, j][:, None, None, None] * weight[c]
        y[:, :, i * stride:i * stride + rows, j * stride:j * stride + columns] += part
    top, left, bottom, right = sides
    return (y + bias[:, None, None])[:, :, top:y.shape[2] - bottom, left:y.shape[3] - right]


def triplet(x: Array, labels: Array, margin: float) -> list[float]:
    def anchor(a: int) -> float:
        others = [i for i in range(len(x)) if i != a]
        hinges = [
            max(0.0, ((x[a] - x[p]) ** 2).sum() - ((x[a] - x[n]) ** 2).sum() + margin)
            for p in others if labels[p] == labels[a] for n in others if labels[n] != labels[a]
        ]
        return sum(hinges) / len(hinges) if hinges else 0.0

    return [anchor(a) for a in range(len(x))]


def mean_over_others(pair: Callable[[int, int], float], samples: int) -> list[float]:
    return [sum(pair(i, j) for j in range(samples) if j != i) / max(samples - 1, 1) for i in range(samples)]


def contrastive(x: Array, labels: Array, margin: float) -> list[float]:
    def pair(i: int, j: int) -> float:
        distance = math.dist(x[i], x[j])
        return distance**2 / 2 if labels[i] == labels[j] else max(0.0, margin - distance) ** 2 / 2

    return mean_over_others(pair, len(x))


def cosine(x: Array, labels: Array, margin: float) -> list[float]:
    def pair(i: int, j: int) -> float:
        value = x[i] @ x[j] / (np.linalg.norm(x[i]) * np.linalg.norm(x[j]))
        return 1 - value if labels[i] == labels[j] else max(0.0, value - margin)

    return mean_over_others(pair, len(x))


def cross_entropy(x: Array, labels: Array, smoothing: float, weights: list[float]) -> list[float]:
    """Per pixel, with t' = (1 − ε)·t + ε/K, divided by the number of positions alone."""
    probabilities = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    losses = []
    for sample, classes in enumerate(labels):
        total = 0.0
        for i, j in np.ndindex(*classes.shape):
            for c, weight in enumerate(weights):
                target = (1 - smoothing) * (c == classes[i, j]) + smoothing / len(weights)
                total -= weight * target * math.log(probabilities[sample, c, i, j])
        losses.append(total / classes.size)
    return losses


def check(what: str, one: Array | list[float], other: Array | list[float]) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    is_same = one.shape == other.shape and bool(np.allclose(one, other, AGREEMENT, AGREEMENT))
    if not is_same:
        print(f"{what}: the module and the plain loops differ")
    return is_same


def check_layers(random: np.random.Generator) -> list[bool]:
    x = random.normal(size=(2, 3, 7, 6))
    results = [
        check("lp-pool", output_of("[{lp-pool: {kernel: 3, stride: 2, exponent: 3}}]", x)[0],
              lp_pool(x, (3, 3), 2, 3, (3, 2))),
        check("lp-pool, ceil", output_of("[{lp-pool: {kernel: [3, 2], stride: 3, ceil: true}}]", x)[0],
              lp_pool(x, (3, 2), 3, 2, (3, 3))[:, :, :, :2]),
        check("gaussian-pool", output_of(
            "[{gaussian-pool: {kernel: [2, 3], stride: 2, padding: [1, 1], deviation: 0.7}}]", x)[0],
            gaussian_pool(x, (2, 3), 2, (1, 1), 0.7, (4, 3))),
        check("filter", output_of("[{filter: {kernel: kirsch, dilation: 2}}]", x)[0],
              filtered(x, filters.kernels("kirsch").numpy(), 1, (2, 2), 2, (7, 6))),
        # An odd total leaves the larger part of the padding behind the input.
        check("filter, same", output_of("[{filter: {kernel: {box: {size: 4}}, stride: 2}}]", x)[0],
              filtered(x, np.full((1, 4, 4), 1 / 16), 2, (1, 1), 1, (4, 3))),
    ]
    y, weights = output_of("[{transposed-convolution: {channels: 2, stride: 2, padding: [0, 1, 2, 1]}}]", x)
    return [*results, check("transposed-convolution", y, transposed(
        x, weights["0.weight"], weights["0.bias"], 2, (0, 1, 2, 1)))]


def check_losses(random: np.random.Generator) -> list[bool]:
    x, labels = random.normal(size=(9, 4)), np.arange(9) % 3
    pixels, classes, weights = random.normal(size=(2, 3, 4, 5)), random.integers(0, 3, (2, 4, 5)), [0.5, 1, 3]

    def losses(written: dict, x: Array, labels: Array) -> Array:
        return Loss.parse(written).per_sample(torch.from_numpy(x), torch.from_numpy(labels), None).numpy()

    options = {"label-smoothing": 0.2, "class-weights": weights}
    return [
        check("triplet", losses({"triplet": {"margin": 2}}, x, labels), triplet(x, labels, 2)),
        check("triplet, alone", losses({"triplet": {}}, x[:4], labels[:4]), triplet(x[:4], labels[:4], 1)),
        check("contrastive", losses({"contrastive": {"margin": 3}}, x, labels), contrastive(x, labels, 3)),
        check("cosine", losses({"cosine": {"margin": 0.1}}, x, labels), cosine(x, labels, 0.1)),
        check("cross-entropy", losses({"cross-entropy": options}, pixels, classes),
              cross_entropy(pixels, classes, 0.2, weights)),
    ]


def slope(case: cases.Case, weights: passes.Tensors, batch: passes.Tensors, direction: passes.Tensors) -> float:
    """The derivative of the loss along a direction of images and weights, by a central difference."""

    def loss(length: float) -> float:
        def moved(name: str, x: Tensor) -> Tensor:
            return x + length * direction[name] if name in direction else x

        model = make.exact_model(case, {name: moved(name, x) for name, x in weights.items()})
        there = batch | {"images": moved("images", batch["images"])}
        with torch.no_grad():
            output, heads = passes.forward(model, there["images"], {})
            return passes.loss_of_step(model, case.parsed_loss, output, heads, there).item()

    return (loss(STEP) - loss(-STEP)) / (2 * STEP)


def check_gradient(case: cases.Case) -> bool:
    model, batch = make.drawn(case)
    batch, weights = make.in_float64(batch), make.in_float64(model.state_dict())
    results = passes.step(make.exact_model(case, weights), case.parsed_loss, dict(batch), {})
    gradient = {key.removeprefix("grad."): x for key, x in results.items() if key.startswith("grad.")}
    # Along the gradient itself its length comes out; a random part shows components that should be zero.
    direction = {name: x / x.norm().clamp(min=1e-3) + 0.1 * torch.randn_like(x) for name, x in gradient.items()}
    expected = sum((gradient[name] * x).sum().item() for name, x in direction.items())
    images = batch["images"].detach()
    found = slope(case, weights, batch | {"images": images}, direction)
    is_same = abs(found - expected) <= DIFFERENCE_TOLERANCE * (1 + abs(expected))
    if not is_same:
        print(f"{case.name}: the gradient gives a slope of {expected}, differences one of {found}")
    return is_same


def main() -> int:
    random = np.random.default_rng(1)
    results = check_layers(random) + check_losses(random)
    results += [check_gradient(case) for case in cases.operators() + cases.losses()]
    print(f"{sum(results)} of {len(results)} checks agree")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
