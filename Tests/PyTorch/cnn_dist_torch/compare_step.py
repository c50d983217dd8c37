"""Compares one forward and backward pass of cnn-dist with PyTorch's, tensor by tensor.

    python -m cnn_dist_torch.compare_step            # the zoo's smaller models, and all of Tests/Models
    python -m cnn_dist_torch.compare_step resnet20 --samples 16 --seed 3 --all
    python -m cnn_dist_torch.compare_step ../Models/mobilenet-like.yaml my-model.yaml
    python -m cnn_dist_torch.compare_step --cnn-dist ../../.build/release/cnn-dist lenet5

A model is a name of the zoo or a model file. A model file may say in its first line how its output is trained, as in
`# loss: {smooth-l1: {targets: values}}`; without that, and for the zoo, it is cross-entropy.

For each model the script draws random weights (normalizations with scales, shifts and running statistics that are
not those of a new network) and a random batch, writes both as safetensors, runs `cnn-dist debug step`, and computes the
same step in PyTorch in float64, which counts as exact, and in float32, as a measure of what this precision can do.
What dropout and its kin multiply by is drawn by cnn-dist and handed to PyTorch.

An error is norm-wise: |x - exact| / |exact| with Euclidean norms over the tensor. A gradient that vanishes in exact
arithmetic (that of a bias in front of a batch normalization) consists of rounding errors alone; it is measured against
the gradient of the weight beside it instead.

ReLU and max pooling have no derivative at their kinks: within a rounding error of one, two correct programs may take
different sides, and a single unit on the other side changes a gradient by a hundredth. So batches are drawn until the
float64 pass keeps clear of all kinks (see step/kinks.py) by four times the usual error (root mean square) of the
float32 pass there. The larger models of the zoo have too many units for that; same_loss compares their whole steps.

Exit code 0 if outputs, loss and running statistics are within 1e-5 and all gradients within 1e-4, else 1; 2 if
a model could not be compared at all.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from cnn_dist_torch import REPOSITORY, executable
from cnn_dist_torch.model import from_yaml, yaml_text
from cnn_dist_torch.model.operators import Stochastic
from cnn_dist_torch.model.vocabulary import ModelError
from cnn_dist_torch.model.zoo import ZOO
from cnn_dist_torch.step import losses, passes
from cnn_dist_torch.step.losses import Loss
from cnn_dist_torch.step.passes import Tensors

OUTPUT_TOLERANCE = 1e-5
GRADIENT_TOLERANCE = 1e-4
# A gradient below this part of its layer's is zero but for rounding, even in float64.
VANISHING = 1e-10
KINK_DISTANCE = 4
MOST_BATCHES = 200
# The models of the zoo that are small enough for batches that keep clear of all kinks.
SMALL = ("mlp", "lenet5", "resnet20", "vgg11-cifar")


class NothingToCompare(Exception):
    """One side did not come to a result; the message says why."""


@dataclass(frozen=True)
class Subject:
    """A model and how it is trained."""

    name: str
    # What cnn-dist calls it.
    argument: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    loss: Loss
    # More arguments for cnn-dist.
    options: tuple[str, ...] = ()

    @classmethod
    def named(cls, argument: str) -> "Subject":
        """A model of the zoo, or one from a file."""
        if argument in ZOO:
            return cls(argument, argument, *ZOO[argument], Loss.parse("cross-entropy"))
        path = Path(argument)
        text = path.read_text()
        shape = from_yaml.parse(text).input_shape
        written = losses.written_in(text)
        loss, options = Loss.parse(yaml_text.read(written)), ("--loss", written, "--image-gradient")
        return cls(path.stem, argument, lambda: from_yaml.parse(text), shape, loss, options)

    def model(self, weights: Tensors, dtype: torch.dtype) -> nn.Module:
        """A fresh copy in the given precision: a pass moves running statistics and leaves gradients behind."""
        model = self.build().to(dtype)
        model.load_state_dict(weights)
        return model.train()

    def is_stochastic(self) -> bool:
        layers = self.build().modules()
        return any(isinstance(x, nn.Dropout) or isinstance(x, Stochastic) and x.rate > 0 for x in layers)


def in_precision(tensors: Tensors, dtype: torch.dtype) -> Tensors:
    """Copies, those of real numbers in the given precision."""
    return {key: x.to(dtype, copy=True) if x.is_floating_point() else x for key, x in tensors.items()}


def pytorch_step(
    subject: Subject, weights: Tensors, batch: Tensors, masks: Tensors, dtype: torch.dtype
) -> Tensors:
    """The tensors that `cnn-dist debug step` writes, by PyTorch."""
    results = passes.step(subject.model(weights, dtype), subject.loss, in_precision(batch, dtype), masks)
    if "--image-gradient" not in subject.options:
        del results["grad.images"]
    return results


def is_clear_of_kinks(subject: Subject, weights: Tensors, batch: Tensors, masks: Tensors) -> bool:
    exact, single = (
        passes.kinks_of_step(subject.model(weights, dtype), subject.loss, in_precision(batch, dtype), masks)
        for dtype in (torch.float64, torch.float32)
    )
    return all(keeps_clear(x, y.double()) for x, y in zip(exact, single))


def keeps_clear(exact: torch.Tensor, single: torch.Tensor) -> bool:
    near = exact.abs()[(exact != 0) | (single != 0)]
    return not near.numel() or near.min().item() > KINK_DISTANCE * (single - exact).square().mean().sqrt().item()


def clear_batch(subject: Subject, weights: Tensors, masks: Tensors, samples: int) -> Tensors:
    model = subject.build()
    for _ in range(MOST_BATCHES):
        batch = passes.random_batch(model, subject.shape, subject.loss, samples)
        if is_clear_of_kinks(subject, weights, batch, masks):
            return batch
    raise NothingToCompare(f"{MOST_BATCHES} batches of {samples} samples all touch a kink; use fewer --samples")


def masks_of(subject: Subject, weights: Tensors, arguments: argparse.Namespace) -> Tensors:
    """What cnn-dist's stochastic layers multiply by: it depends on the seed and the sample's number alone, so any batch
    of the same size tells it."""
    if not subject.is_stochastic():
        return {}
    batch = passes.random_batch(subject.build(), subject.shape, subject.loss, arguments.samples)
    results = cnn_dist_step(subject, weights, batch, arguments)
    return {key.removeprefix("mask."): mask for key, mask in results.items() if key.startswith("mask.")}


def cnn_dist_step(subject: Subject, weights: Tensors, batch: Tensors, arguments: argparse.Namespace) -> Tensors:
    with tempfile.TemporaryDirectory() as folder:
        paths = {key: str(Path(folder, f"{key}.safetensors")) for key in ("weights", "batch", "output")}
        save_file(weights, paths["weights"])
        save_file(batch, paths["batch"])
        command = [arguments.cnn_dist, "debug", "step", subject.argument, "--seed", str(arguments.seed)]
        command += [part for key, path in paths.items() for part in (f"--{key}", path)] + list(subject.options)
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise NothingToCompare(f"{' '.join(command)} ended with code {run.returncode}: {run.stderr.strip()}")
        return load_file(paths["output"])


def scale(key: str, exact: Tensors) -> float:
    """What an error of this tensor is measured against."""
    own = exact[key].norm().item()
    beside = exact.get(key.removesuffix("bias") + "weight") if key.endswith(".bias") else None
    if beside is not None and own < VANISHING * beside.norm().item():
        return beside.norm().item()
    return own or 1


def compare(subject: Subject, arguments: argparse.Namespace) -> bool:
    """Prints the table of one model; whether all is within the tolerances."""
    torch.manual_seed(arguments.seed)
    weights = passes.randomized(subject.build()).state_dict()
    masks = masks_of(subject, weights, arguments)
    batch = clear_batch(subject, weights, masks, arguments.samples)
    exact = pytorch_step(subject, weights, batch, masks, torch.float64)
    single = pytorch_step(subject, weights, batch, masks, torch.float32)
    results = cnn_dist_step(subject, weights, batch, arguments)
    ours = {key: value for key, value in results.items() if not key.startswith("mask.")}

    if missing := exact.keys() ^ ours.keys():
        print(f"\n{subject.name}: these tensors have only one side: {', '.join(sorted(missing))}")
        return False
    rows = []
    for key, value in exact.items():
        errors = [((other[key].double().reshape(value.shape) - value).norm() / scale(key, exact)).item()
                  for other in (ours, single)]
        rows.append((key, *errors, GRADIENT_TOLERANCE if key.startswith("grad.") else OUTPUT_TOLERANCE))
    print_table(subject.name, rows, arguments)
    return all(ours <= tolerance for _, ours, _, tolerance in rows)


def print_table(name: str, rows: list[tuple[str, float, float, float]], arguments: argparse.Namespace) -> None:
    groups = {"gradients": [], "running statistics": []}
    for row in rows:
        if row[0].startswith("grad."):
            groups["gradients"].append(row)
        elif ".running_" in row[0]:
            groups["running statistics"].append(row)
    width = max(32, *(len(row[0]) + 2 for row in rows))
    print(f"\n{name}, {arguments.samples} samples, seed {arguments.seed}: relative error against PyTorch float64")
    print(f"{'tensor':{width}} {'cnn-dist':>10} {'PyTorch f32':>12}")
    for key, ours, single, tolerance in rows:
        is_bad = not ours <= tolerance
        if is_bad or arguments.all or key in ("logits", "loss", "grad.images") or key.startswith("head."):
            print(f"{key:{width}} {ours:10.1e} {single:12.1e}{'  ABOVE ' + str(tolerance) if is_bad else ''}")
    for group, members in groups.items():
        if members:
            title = f"worst of {len(members)} {group}"
            print(f"{title:{width}} {max(m[1] for m in members):10.1e} {max(m[2] for m in members):12.1e}")


def exit_code(name: str, arguments: argparse.Namespace) -> int:
    """Compares one model; a model that cannot be compared does not keep the others from it."""
    try:
        return 0 if compare(Subject.named(name), arguments) else 1
    except (NothingToCompare, ModelError) as error:
        print(f"\n{name}: {error}", file=sys.stderr)
        return 2


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    zoo = ", ".join(ZOO)
    parser.add_argument("models", nargs="*", help=f"model files, or models of the zoo: {zoo} (default: see above)")
    parser.add_argument("--samples", type=int, default=4, help="samples of the batch (default: 4)")
    parser.add_argument("--seed", type=int, default=1, help="seed of weights, batch and dropout (default: 1)")
    parser.add_argument("--all", action="store_true", help="print every tensor, not only the worst")
    parser.add_argument("--cnn-dist", default=None, help="the program (default: from the path, or the release build)")
    arguments = parser.parse_args()
    for name in arguments.models:
        if name not in ZOO and not Path(name).is_file():
            parser.error(f"model '{name}' is neither a file nor one of {', '.join(ZOO)}")
    return arguments


def main() -> int:
    arguments = parsed_arguments()
    models = arguments.models or [*SMALL, *map(str, sorted((REPOSITORY / "Tests" / "Models").glob("*.yaml")))]
    try:
        arguments.cnn_dist = executable.cnn_dist(arguments.cnn_dist)
    except executable.NoProgram as error:
        print(error, file=sys.stderr)
        return 2
    codes = [exit_code(name, arguments) for name in models]
    print("\nNOT all within the tolerances" if any(codes) else "\nall within the tolerances")
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
