#!/usr/bin/env python3
"""Compares one forward and backward pass of cnn-dist with PyTorch's, tensor by tensor.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python compare_step.py                          # all models of the zoo
    venv/bin/python compare_step.py resnet20 --samples 16 --seed 3 --all
    venv/bin/python compare_step.py --cnn-dist ../../.build/release/cnn-dist lenet5

For each model the script draws random weights (batch normalization with scales, shifts and running statistics that are
not those of a new network) and a random batch, writes both as safetensors, runs `cnn-dist debug step`, and computes the
same step in PyTorch in float64, which counts as exact, and in float32, as a measure of what this precision can do.

An error is norm-wise: |x - exact| / |exact| with Euclidean norms over the tensor. A gradient that vanishes in exact
arithmetic (that of a bias in front of a batch normalization) consists of rounding errors alone; it is measured against
the gradient of the weight beside it instead.

ReLU and max pooling have no derivative at their kinks: within a rounding error of one, two correct programs may take
different sides, and a single unit on the other side changes a gradient by a hundredth. So batches are drawn until the
float64 pass keeps clear of all kinks by four times the usual error (root mean square) of the float32 pass there.

Exit code 0 if logits, loss and running statistics are within 1e-5 and all gradients within 1e-4, else 1; 2 if
there was nothing to compare.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from models import ZOO

LOGITS_TOLERANCE = 1e-5
GRADIENT_TOLERANCE = 1e-4
# A gradient below this part of its layer's is zero but for rounding, even in float64.
VANISHING = 1e-10
KINK_DISTANCE = 4
MOST_BATCHES = 200


def randomized(model: nn.Module) -> nn.Module:
    """Moves everything that a new network has at 0 or 1 away from there."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, 0, 0.2)
            nn.init.normal_(layer.running_mean, 0, 0.5)
            nn.init.uniform_(layer.running_var, 0.5, 2)
    return model


def pytorch_step(name: str, weights: dict[str, Tensor], batch: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """The tensors that `cnn-dist debug step` writes, by PyTorch."""
    model = ZOO[name][0]().to(dtype)
    model.load_state_dict(weights)
    model.train()
    logits = model(batch["images"].to(dtype))
    loss = nn.functional.cross_entropy(logits, batch["labels"])
    loss.backward()
    results = {"logits": logits.detach(), "loss": loss.detach()}
    results |= {f"grad.{key}": value.grad for key, value in model.named_parameters()}
    results |= {key: value for key, value in model.named_buffers() if value.is_floating_point()}
    return results


def kinked_inputs(name: str, weights: dict[str, Tensor], images: Tensor) -> list[tuple[nn.Module, Tensor]]:
    """What goes into each ReLU and max pooling of a forward pass, in the precision of the images."""
    model = ZOO[name][0]().to(images.dtype)
    model.load_state_dict(weights)
    found: list[tuple[nn.Module, Tensor]] = []
    for layer in model.modules():
        if isinstance(layer, (nn.ReLU, nn.MaxPool2d)):
            layer.register_forward_pre_hook(lambda layer, inputs: found.append((layer, inputs[0])))
    with torch.no_grad():
        model.train()(images)
    return found


def distance_from_kinks(layer: nn.Module, x: Tensor) -> float:
    """How far the closest element is from zero, or from being overtaken within its window."""
    if isinstance(layer, nn.ReLU):
        return x.abs().min().item()
    size, step = layer.kernel_size, layer.stride
    first, second = x.unfold(2, size, step).unfold(3, size, step).flatten(-2).topk(2).values.unbind(-1)
    # Behind a ReLU a window of zeros passes no gradient on, whichever zero wins.
    return (first - second)[first > 0].min().item()


def is_clear_of_kinks(name: str, weights: dict[str, Tensor], images: Tensor) -> bool:
    exact = kinked_inputs(name, weights, images.double())
    single = kinked_inputs(name, weights, images)
    return all(
        distance_from_kinks(layer, x) > KINK_DISTANCE * (y.double() - x).square().mean().sqrt().item()
        for (layer, x), (_, y) in zip(exact, single)
    )


def random_batch(name: str, weights: dict[str, Tensor], samples: int) -> dict[str, Tensor]:
    for _ in range(MOST_BATCHES):
        images = torch.randn(samples, *ZOO[name][1])
        if is_clear_of_kinks(name, weights, images):
            return {"images": images, "labels": torch.randint(0, 10, (samples,))}
    print(f"{name}: {MOST_BATCHES} batches of {samples} samples all touch a kink; use fewer --samples", file=sys.stderr)
    sys.exit(2)


def cnn_dist_step(program: str, name: str, weights: dict[str, Tensor], batch: dict[str, Tensor]) -> dict[str, Tensor]:
    with tempfile.TemporaryDirectory() as folder:
        paths = {key: str(Path(folder, f"{key}.safetensors")) for key in ("weights", "batch", "output")}
        save_file(weights, paths["weights"])
        save_file(batch, paths["batch"])
        command = [program, "debug", "step", name, "--batch", paths["batch"], "--weights", paths["weights"]]
        run = subprocess.run([*command, "--output", paths["output"]], capture_output=True, text=True)
        if run.returncode != 0:
            print(f"{' '.join(command)} ended with code {run.returncode}: {run.stderr.strip()}", file=sys.stderr)
            sys.exit(2)
        return load_file(paths["output"])


def scale(key: str, exact: dict[str, Tensor]) -> float:
    """What an error of this tensor is measured against."""
    own = exact[key].norm().item()
    beside = exact.get(key.removesuffix("bias") + "weight") if key.endswith(".bias") else None
    if beside is not None and own < VANISHING * beside.norm().item():
        return beside.norm().item()
    return own


def compare(name: str, arguments: argparse.Namespace) -> bool:
    """Prints the table of one model; whether all is within the tolerances."""
    torch.manual_seed(arguments.seed)
    weights = randomized(ZOO[name][0]()).state_dict()
    batch = random_batch(name, weights, arguments.samples)
    exact = pytorch_step(name, weights, batch, torch.float64)
    single = pytorch_step(name, weights, batch, torch.float32)
    ours = cnn_dist_step(arguments.cnn_dist, name, weights, batch)

    if missing := exact.keys() ^ ours.keys():
        print(f"{name}: these tensors have only one side: {', '.join(sorted(missing))}")
        return False
    rows = []
    for key, value in exact.items():
        errors = [((other[key].double().reshape(value.shape) - value).norm() / scale(key, exact)).item()
                  for other in (ours, single)]
        rows.append((key, *errors, GRADIENT_TOLERANCE if key.startswith("grad.") else LOGITS_TOLERANCE))
    print_table(name, rows, arguments)
    return all(ours <= tolerance for _, ours, _, tolerance in rows)


def print_table(name: str, rows: list[tuple[str, float, float, float]], arguments: argparse.Namespace) -> None:
    groups = {"gradients": [], "running statistics": []}
    for row in rows:
        if row[0].startswith("grad."):
            groups["gradients"].append(row)
        elif ".running_" in row[0]:
            groups["running statistics"].append(row)
    width = max(len(row[0]) for row in rows) + 2
    print(f"\n{name}, {arguments.samples} samples, seed {arguments.seed}: relative error against PyTorch float64")
    print(f"{'tensor':{width}} {'cnn-dist':>10} {'PyTorch f32':>12}")
    for key, ours, single, tolerance in rows:
        is_bad = not ours <= tolerance
        if is_bad or arguments.all or key in ("logits", "loss"):
            print(f"{key:{width}} {ours:10.1e} {single:12.1e}{'  ABOVE ' + str(tolerance) if is_bad else ''}")
    for group, members in groups.items():
        if members:
            title = f"worst of {len(members)} {group}"
            print(f"{title:{width}} {max(m[1] for m in members):10.1e} {max(m[2] for m in members):12.1e}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help=f"models of the zoo: {', '.join(ZOO)} (default: all)")
    parser.add_argument("--samples", type=int, default=4, help="samples of the batch (default: 4)")
    parser.add_argument("--seed", type=int, default=1, help="seed of weights and batch (default: 1)")
    parser.add_argument("--all", action="store_true", help="print every tensor, not only the worst")
    parser.add_argument("--cnn-dist", default=None, help="the program (default: from the path, or the release build)")
    arguments = parser.parse_args()
    for name in arguments.models:
        if name not in ZOO:
            parser.error(f"model '{name}' is not one of {', '.join(ZOO)}")
    build = Path(__file__).resolve().parents[2] / ".build" / "release" / "cnn-dist"
    arguments.cnn_dist = arguments.cnn_dist or shutil.which("cnn-dist") or str(build)
    results = [compare(name, arguments) for name in arguments.models or ZOO]
    print("\nall within the tolerances" if all(results) else "\nNOT within the tolerances")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
