"""The losses of cnn-dist's configurations, by PyTorch's own functions wherever it has them.

The loss of a step is the mean over the samples of ℓ(output) + Σ weight · ℓ_head(head's output).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from cnn_dist_torch.model.vocabulary import LOSSES, ModelError, Options, choice

# Losses that compare the samples of a micro-batch with each other by their labels.
PAIRWISE = ("triplet", "contrastive", "cosine")
# How a model file of the tests says in its first line what its output is trained with.
_COMMENT = "# loss: "


@dataclass(frozen=True)
class Loss:
    """A loss with all its options."""

    word: str
    options: Options

    @classmethod
    def parse(cls, written: Any) -> "Loss":
        """A loss from its YAML value: a word, or `{word: {option: value}}`."""
        return cls(*choice(written, LOSSES, "loss"))

    @property
    def reads_values(self) -> bool:
        """Whether it reads dense targets of the shape of its output."""
        return self.word == "localization" or self.options.get("targets") == "values"

    @property
    def reads_labels(self) -> bool:
        return self.word == "localization" or not self.reads_values

    @property
    def reads_labels_per_position(self) -> bool:
        """Whether an output that is an image needs a label at each of its positions."""
        return not self.reads_values and self.word not in PAIRWISE

    def per_sample(self, x: Tensor, labels: Tensor | None, values: Tensor | None) -> Tensor:
        """ℓ of each sample [N]; `x` is the output [N, K] or [N, C, H, W]."""
        if self.reads_values and values is None or self.reads_labels and labels is None:
            raise ModelError(f"{self.word} needs targets or labels that the batch has not")
        if self.word in PAIRWISE:
            return _PAIRWISE[self.word](x, labels, self.options["margin"])
        if self.word == "localization":
            shows_object = (labels != self.options["background"]).to(x.dtype)
            return shows_object * (x - values.to(x.dtype)).square().sum(1)
        targets = values.to(x.dtype) if self.reads_values else labels
        return _ELEMENTWISE[self.word](x, targets, self.options).flatten(1).mean(1)

    def kinks(self, x: Tensor, labels: Tensor) -> Tensor:
        """Numbers that are zero where the loss has no derivative; none if it has one everywhere."""
        if self.word not in PAIRWISE:
            return x.new_zeros(0)
        return _HINGES[self.word](x, labels, self.options["margin"]).flatten()


def written_in(text: str) -> str:
    """The loss, as YAML, that the first line of a model file names; without that it is cross-entropy."""
    first = text.partition("\n")[0]
    return first.removeprefix(_COMMENT) if first.startswith(_COMMENT) else "cross-entropy"


def total(main: Tensor, heads: dict[str, tuple[float, Tensor]]) -> Tensor:
    """The loss of a step from ℓ of each sample, of the output and by head with the head's weight."""
    return main.mean() + sum(weight * losses.mean() for weight, losses in heads.values())


def one_hot(labels: Tensor, x: Tensor) -> Tensor:
    """1 for the label and 0 for all other classes, at each position, in the shape of `x`."""
    return functional.one_hot(labels, x.shape[1]).movedim(-1, 1).to(x.dtype)


def _cross_entropy(x: Tensor, targets: Tensor, o: Options) -> Tensor:
    weights = x.new_tensor(o["class-weights"]) if o["class-weights"] else None
    losses = functional.cross_entropy(x, targets, weights, reduction="none", label_smoothing=o["label-smoothing"])
    return losses.unsqueeze(1)


def _dense(function: Callable[..., Tensor], **named: str) -> Callable[[Tensor, Tensor, Options], Tensor]:
    """A loss of PyTorch that wants numbers; `named` are its arguments and the options that they come from."""

    def losses(x: Tensor, targets: Tensor, o: Options) -> Tensor:
        numbers = targets if targets.is_floating_point() else one_hot(targets, x)
        return function(x, numbers, reduction="none", **{argument: o[key] for argument, key in named.items()})

    return losses


_ELEMENTWISE: dict[str, Callable[[Tensor, Tensor, Options], Tensor]] = {
    "cross-entropy": _cross_entropy,
    "mean-squared-error": _dense(functional.mse_loss),
    "smooth-l1": _dense(functional.smooth_l1_loss, beta="beta"),
    "binary-cross-entropy": _dense(functional.binary_cross_entropy_with_logits),
}


def squared_distances(x: Tensor) -> Tensor:
    """|x_i − x_j|² for all pairs [N, N]."""
    return (x[:, None] - x[None]).square().sum(2)


def _same_class(labels: Tensor) -> Tensor:
    return labels[:, None] == labels[None]


def _others(labels: Tensor) -> Tensor:
    return ~torch.eye(len(labels), dtype=torch.bool)


def _triplets(labels: Tensor) -> Tensor:
    """Which (anchor, positive, negative) count [N, N, N]."""
    same = _same_class(labels)
    return (same & _others(labels))[:, :, None] & ~same[:, None, :]


def _triplet_differences(x: Tensor, margin: float) -> Tensor:
    distances = squared_distances(x)
    return distances[:, :, None] - distances[:, None, :] + margin


def _triplet(x: Tensor, labels: Tensor, margin: float) -> Tensor:
    counts = _triplets(labels).to(x.dtype)
    losses = (counts * _triplet_differences(x, margin).relu()).sum((1, 2))
    return losses / counts.sum((1, 2)).clamp(min=1)


def _distances(x: Tensor, pairs: Tensor) -> Tensor:
    """|x_i − x_j| for the pairs, and 1 for all others: the root has no derivative at a distance of zero."""
    return torch.where(pairs, squared_distances(x), 1).sqrt()


def _contrastive(x: Tensor, labels: Tensor, margin: float) -> Tensor:
    same = _same_class(labels)
    apart = (margin - _distances(x, ~same)).relu().square()
    return _mean_over_others(torch.where(same, squared_distances(x), apart) / 2, labels)


def _cosine(x: Tensor, labels: Tensor, margin: float) -> Tensor:
    cosines = functional.cosine_similarity(x[:, None], x[None], dim=2)
    return _mean_over_others(torch.where(_same_class(labels), 1 - cosines, (cosines - margin).relu()), labels)


def _mean_over_others(pairs: Tensor, labels: Tensor) -> Tensor:
    return (pairs * _others(labels)).sum(1) / max(len(labels) - 1, 1)


def _triplet_hinges(x: Tensor, labels: Tensor, margin: float) -> Tensor:
    return _triplet_differences(x, margin)[_triplets(labels)]


def _contrastive_hinges(x: Tensor, labels: Tensor, margin: float) -> Tensor:
    apart = ~_same_class(labels)
    return (margin - _distances(x, apart))[apart]


def _cosine_hinges(x: Tensor, labels: Tensor, margin: float) -> Tensor:
    return (functional.cosine_similarity(x[:, None], x[None], dim=2) - margin)[~_same_class(labels)]


_PAIRWISE = {"triplet": _triplet, "contrastive": _contrastive, "cosine": _cosine}
_HINGES = {"triplet": _triplet_hinges, "contrastive": _contrastive_hinges, "cosine": _cosine_hinges}
