"""Compares thirty steps of a small network with PyTorch's in double precision, for each optimizer.

    python -m cnn_dist_torch.optimizers
    python -m cnn_dist_torch.optimizers adamw lamb --steps 60

Both sides begin with the same weights, and the training data is one micro-batch, so each step sees all of it in any
order. Each optimizer runs plain, with weight decay, with clipping by norm and by value, and with parameter groups of
which one is frozen, under two schedules. The network has no kinks (tanh, no max pooling), so a rounding error stays
one. Compared are the losses of all steps and the weights at the end.

Exit code 0 if all losses are within 1e-6 of PyTorch's, relatively, and all weights within 5e-6; 1 if not; 2 if cnn-dist
does not train.
"""

import argparse
import json
import math
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn, optim

from cnn_dist_torch import executable
from cnn_dist_torch.model import from_yaml
from cnn_dist_torch.step.passes import Tensors

SAMPLES, SIDE, CLASSES = 32, 12, 4
LOSS_TOLERANCE, WEIGHT_TOLERANCE = 1e-6, 5e-6
VARIANTS = ("plain", "decay", "clip-norm", "clip-value", "groups")
SCHEDULES = ("cosine", "step")
DECAY = 0.02
CLIP_NORM, CLIP_VALUE = 0.1, 0.01
# The step schedule: so many steps, as one step is an epoch, and the factor then.
EVERY, FACTOR = 10, 0.3
# The rate of the cosine's end as a part of its beginning.
COSINE_END = 0.1

MODEL = f"""
input: [1, {SIDE}, {SIDE}]
layers:
  - {{name: conv1, convolution: {{channels: 6, kernel: 3, padding: 1, bias: false}}}}
  - {{name: bn1, batch-norm: {{}}}}
  - tanh
  - {{name: conv2, convolution: {{channels: 8, kernel: 3, stride: 2, padding: 1, bias: false}}}}
  - {{name: bn2, batch-norm: {{}}}}
  - tanh
  - global-average-pool
  - flatten
  - {{name: fc, dense: {{features: {CLASSES}}}}}
"""

Settings = dict[str, Any]
# Losses of all steps and the weights at the end.
Training = tuple[list[float], Tensors]


class NotTrained(Exception):
    """cnn-dist did not come to a result; the message says why."""


class LARS(optim.Optimizer):
    """You, Gitman and Ginsburg 2017, algorithm 1; a group says by `adapt` whether it takes part."""

    def __init__(self, groups: list[Settings], lr: float, momentum: float, trust: float) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum, "trust": trust, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weights in group["params"]:
                self.update(weights, group)

    def update(self, weights: Tensor, group: Settings) -> None:
        decay, gradient = group["weight_decay"], weights.grad
        norms = weights.norm(), gradient.norm()
        ratio = 1.0
        if group["adapt"] and norms[0] > 0 and norms[1] > 0:
            ratio = group["trust"] * norms[0] / (norms[1] + decay * norms[0])
        velocity = self.state[weights].setdefault("momentum", torch.zeros_like(weights))
        velocity.mul_(group["momentum"]).add_(group["lr"] * ratio * (gradient + decay * weights))
        weights.sub_(velocity)


class LAMB(optim.Optimizer):
    """You et al. 2020, algorithm 2; a group says by `adapt` whether it takes part."""

    def __init__(self, groups: list[Settings], lr: float, betas: tuple[float, float], eps: float) -> None:
        super().__init__(groups, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weights in group["params"]:
                self.update(weights, group)

    def update(self, weights: Tensor, group: Settings) -> None:
        direction = self.direction(weights, group) + group["weight_decay"] * weights
        norms = weights.norm(), direction.norm()
        ratio = norms[0] / norms[1] if group["adapt"] and norms[0] > 0 and norms[1] > 0 else 1.0
        weights.sub_(group["lr"] * ratio * direction)

    def direction(self, weights: Tensor, group: Settings) -> Tensor:
        """Adam's."""
        state, (first, second) = self.state[weights], group["betas"]
        mean = state.setdefault("mean", torch.zeros_like(weights))
        square = state.setdefault("square", torch.zeros_like(weights))
        state["step"] = state.get("step", 0) + 1
        mean.mul_(first).add_((1 - first) * weights.grad)
        square.mul_(second).add_((1 - second) * weights.grad**2)
        root = (square / (1 - second ** state["step"])).sqrt()
        return mean / (1 - first ** state["step"]) / (root + group["eps"])


@dataclass(frozen=True)
class Rule:
    """An optimizer on both sides."""

    word: str
    options: Settings
    rate: float
    # PyTorch's, over groups that carry their rates and decays, with a rate.
    make: Callable[[list[Settings], float], optim.Optimizer]


RULES = {
    "sgd": Rule("sgd", {"momentum": 0.9}, 0.05, lambda groups, lr: optim.SGD(groups, lr, momentum=0.9)),
    "nesterov": Rule(
        "sgd", {"momentum": 0.9, "nesterov": True}, 0.05,
        lambda groups, lr: optim.SGD(groups, lr, momentum=0.9, nesterov=True)),
    "dampened": Rule(
        "sgd", {"momentum": 0.9, "dampening": 0.5}, 0.05,
        lambda groups, lr: optim.SGD(groups, lr, momentum=0.9, dampening=0.5)),
    "adam": Rule("adam", {}, 0.002, lambda groups, lr: optim.Adam(groups, lr)),
    "adamw": Rule("adamw", {"weight-decay": 0}, 0.002, lambda groups, lr: optim.AdamW(groups, lr, weight_decay=0)),
    "adamax": Rule("adamax", {}, 0.002, lambda groups, lr: optim.Adamax(groups, lr)),
    "rmsprop": Rule(
        "rmsprop", {"momentum": 0.5, "epsilon": 1e-4}, 0.0005,
        lambda groups, lr: optim.RMSprop(groups, lr, momentum=0.5, eps=1e-4)),
    "centered": Rule(
        "rmsprop", {"centered": True, "epsilon": 1e-3, "alpha": 0.9}, 0.0005,
        lambda groups, lr: optim.RMSprop(groups, lr, alpha=0.9, centered=True, eps=1e-3)),
    "adagrad": Rule(
        "adagrad", {"rate-decay": 0.01}, 0.01, lambda groups, lr: optim.Adagrad(groups, lr, lr_decay=0.01)),
    "lars": Rule("lars", {"trust": 0.02}, 0.5, lambda groups, lr: LARS(groups, lr, 0.9, 0.02)),
    "lamb": Rule("lamb", {}, 0.01, lambda groups, lr: LAMB(groups, lr, (0.9, 0.999), 1e-6)),
}


@dataclass(frozen=True)
class Case:
    """An optimizer in one of its variants under a schedule."""

    optimizer: str
    variant: str
    schedule: str
    steps: int

    @property
    def name(self) -> str:
        return f"{self.optimizer}-{self.variant}-{self.schedule}"

    @property
    def rule(self) -> Rule:
        return RULES[self.optimizer]

    def settings(self) -> Settings:
        """What stands below `train` in cnn-dist's configuration."""
        decay = {"weight-decay": DECAY, "decay-all": True} if self.variant == "decay" else {}
        schedules = {
            "cosine": {"cosine": {"peak": self.rule.rate, "final": COSINE_END * self.rule.rate}},
            "step": {"step": {"rate": self.rule.rate, "every-epochs": EVERY, "factor": FACTOR}},
        }
        variants: dict[str, Settings] = {
            "clip-norm": {"clip": {"norm": {"maximum": CLIP_NORM}}},
            "clip-value": {"clip": {"value": {"maximum": CLIP_VALUE}}},
            "groups": {"groups": [
                {"match": "conv1.*", "freeze": True}, {"match": "*.bias", "rate": 2},
                {"match": "fc.*", "weight-decay": 0.05},
            ]},
        }
        return {
            "steps": self.steps, "optimizer": {self.rule.word: self.rule.options | decay},
            "schedule": schedules[self.schedule], **variants.get(self.variant, {}),
        }

    def group(self, name: str, weights: Tensor) -> Settings:
        """PyTorch's group of one parameter. Vectors do not take part in the ratios of LARS and LAMB."""
        group = {"params": [weights], "lr": self.rule.rate, "weight_decay": 0.0, "adapt": weights.dim() > 1}
        if self.variant == "decay":
            group["weight_decay"] = DECAY
        if self.variant == "groups":
            group["lr"] *= 2 if name.endswith(".bias") else 1
            group["weight_decay"] = 0.05 if name.startswith("fc.") else 0.0
        return group

    def is_frozen(self, name: str) -> bool:
        return self.variant == "groups" and name.startswith("conv1.")

    def rates(self, optimizer: optim.Optimizer) -> optim.lr_scheduler.LRScheduler:
        """PyTorch's schedule."""
        if self.schedule == "step":
            return optim.lr_scheduler.StepLR(optimizer, EVERY, FACTOR)
        return optim.lr_scheduler.LambdaLR(
            optimizer, lambda t: COSINE_END + (1 - COSINE_END) * (1 + math.cos(math.pi * t / self.steps)) / 2)

    def clip(self, weights: list[Tensor]) -> None:
        if self.variant == "clip-norm":
            nn.utils.clip_grad_norm_(weights, CLIP_NORM)
        if self.variant == "clip-value":
            nn.utils.clip_grad_value_(weights, CLIP_VALUE)


def pytorch_training(case: Case, start: Tensors, images: Tensor, labels: Tensor) -> Training:
    """PyTorch's side, in double precision."""
    model = from_yaml.parse(MODEL).double()
    model.load_state_dict(start)
    for name, weights in model.named_parameters():
        weights.requires_grad = not case.is_frozen(name)
    trained = {name: weights for name, weights in model.named_parameters() if weights.requires_grad}
    optimizer = case.rule.make([case.group(name, weights) for name, weights in trained.items()], case.rule.rate)
    rates = case.rates(optimizer)
    losses = []
    for _ in range(case.steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images)[0], labels)
        loss.backward()
        case.clip(list(trained.values()))
        optimizer.step()
        rates.step()
        losses.append(loss.item())
    return losses, model.state_dict()


def idx(numbers: np.ndarray) -> bytes:
    """A file of bytes in the format of MNIST."""
    return struct.pack(f">I{numbers.ndim}I", 0x800 + numbers.ndim, *numbers.shape) + numbers.tobytes()


def written_batch(folder: Path) -> tuple[Tensor, Tensor]:
    """Writes the model and random images with labels; gives the batch as a network sees it."""
    images = np.random.default_rng(5).integers(0, 256, (SAMPLES, SIDE, SIDE), dtype=np.uint8)
    labels = (np.arange(SAMPLES) % CLASSES).astype(np.uint8)
    (folder / "images").write_bytes(idx(images))
    (folder / "labels").write_bytes(idx(labels))
    (folder / "model.yaml").write_text(MODEL)
    numbers = torch.from_numpy(images).double()[:, None] / 255
    return (numbers - 0.5) / 0.5, torch.from_numpy(labels).long()


def configuration(folder: Path, settings: Settings) -> Settings:
    """A run of one micro-batch a step, without evaluations, by direct sums."""
    files = {"images": "images", "labels": "labels", "test-images": "images", "test-labels": "labels"}
    return {
        "seed": 3, "lanes": 1, "model": {"file": str(folder / "model.yaml")},
        "data": {"format": "idx", "path": str(folder), **files, "normalize": {"mean": [0.5], "std": [0.5]}},
        "train": {"global-batch": SAMPLES, "micro-batch": SAMPLES, **settings},
        "evaluate": {"every-epochs": None}, "checkpoint": {"every-epochs": None}, "numerics": {"winograd": "off"},
    }


def cnn_dist_training(program: str, folder: Path, name: str, settings: Settings) -> Training:
    """cnn-dist's side."""
    run, path = folder / name, folder / f"{name}.yaml"
    path.write_text(json.dumps(configuration(folder, settings)))
    command = [program, "train", str(path), "--run-dir", str(run)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotTrained(f"{' '.join(command)} ended with code {done.returncode}: {done.stderr.strip()}")
    losses = [json.loads(line)["loss"] for line in (run / "ledger.jsonl").read_text().splitlines()]
    return losses, load_file(run / "checkpoints" / "latest" / "model.safetensors")


def initial_weights(program: str, folder: Path) -> Tensors:
    """The weights that every run begins with: a step at a rate that changes no float shows them."""
    settings = {"steps": 1, "optimizer": {"sgd": {"momentum": 0}}, "schedule": {"constant": {"rate": 1e-30}}}
    _, weights = cnn_dist_training(program, folder, "start", settings)
    # The step has moved the running statistics.
    fresh = {"running_mean": 0, "running_var": 1, "num_batches_tracked": 0}
    return {
        name: torch.full_like(x, fresh[kind]) if (kind := name.rpartition(".")[2]) in fresh else x
        for name, x in weights.items()
    }


def is_right(case: Case, ours: Training, theirs: Training) -> bool:
    """Prints how far both sides are apart; whether that is within the tolerances."""
    loss = max(abs(one - other) / abs(other) for one, other in zip(ours[0], theirs[0], strict=True))
    pairs = ((ours[1][name], x) for name, x in theirs[1].items() if x.is_floating_point())
    weights = max((one.double() - other).abs().max().item() for one, other in pairs)
    is_near = loss <= LOSS_TOLERANCE and weights <= WEIGHT_TOLERANCE
    errors = f"{loss:10.1e} {weights:10.1e}{'' if is_near else '  ABOVE'}"
    print(f"{case.name:27} {ours[0][0]:7.4f} {ours[0][-1]:7.4f} {errors}", flush=True)
    return is_near


def cases(optimizers: list[str], steps: int) -> Iterator[Case]:
    for optimizer in optimizers or RULES:
        for variant in VARIANTS:
            yield from (Case(optimizer, variant, schedule, steps) for schedule in SCHEDULES)


def compared(arguments: argparse.Namespace, folder: Path) -> list[bool]:
    """Whether each case is within the tolerances."""
    images, labels = written_batch(folder)
    start = initial_weights(arguments.cnn_dist, folder)
    results = []
    print(f"{'case':27} {'first':>7} {'last':>7} {'losses':>10} {'weights':>10}")
    for case in cases(arguments.optimizers, arguments.steps):
        ours = cnn_dist_training(arguments.cnn_dist, folder, case.name, case.settings())
        results.append(is_right(case, ours, pytorch_training(case, start, images, labels)))
    return results


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ", ".join(RULES)
    parser.add_argument("optimizers", nargs="*", metavar="optimizer", help=f"optimizers: {names} (default: all)")
    parser.add_argument("--steps", type=int, default=30, help="steps of each run (default: 30)")
    parser.add_argument("--cnn-dist", default=None, help="the program (default: from the path, or the release build)")
    arguments = parser.parse_args()
    for name in arguments.optimizers:
        if name not in RULES:
            parser.error(f"optimizer '{name}' is none of {names}")
    if arguments.steps < 1:
        parser.error("--steps must be at least 1")
    return arguments


def main() -> int:
    arguments = parsed_arguments()
    try:
        arguments.cnn_dist = executable.cnn_dist(arguments.cnn_dist)
        with tempfile.TemporaryDirectory() as folder:
            results = compared(arguments, Path(folder))
    except (NotTrained, executable.NoProgram) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"\n{sum(results)} of {len(results)} cases are within the tolerances")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
