#!/usr/bin/env python3
"""Puts PyTorch's time and error beside those of `cnn-dist bench ops`, for every convolution and pass, on one core.

    venv/bin/python Benchmarks/convolutions.py                   # the convolutions of seven models of the zoo
    venv/bin/python Benchmarks/convolutions.py resnet20 --micro-batch 16 --all
    cnn-dist bench ops --json --errors > ours.jsonl && venv/bin/python Benchmarks/convolutions.py --read ours.jsonl

Each pass is PyTorch's own operator alone, in float32 and channels last, which gives it to oneDNN; the time is the
median of repetitions, as cnn-dist takes it. Errors are norm-wise and relative: cnn-dist's against plain sums in double
precision, PyTorch's float32 against its float64, on numbers of the same distributions (images and gradients normal,
weights as He et al. draw them) and of as many samples. A ratio is PyTorch's time over cnn-dist's; above 1 cnn-dist is
faster.

Prints a table in Markdown. Exit code 0; 2 if there was nothing to compare.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from cnn_dist_torch import executable

Finding = dict[str, Any]
PASSES = ("forward", "backward data", "backward weights")
TITLES = (
    "convolution", "batch", "pass", "algorithm", "cnn-dist ms", "PyTorch ms", "ratio", "cnn-dist error",
    "PyTorch error",
)


class NothingToCompare(Exception):
    """There is nothing to compare with; the message says why."""


@dataclass(frozen=True)
class Convolution:
    """A convolution as cnn-dist describes it."""

    micro_batch: int
    input: tuple[int, int, int]
    output: tuple[int, int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    # Above, left, below, right.
    padding: tuple[int, int, int, int]
    groups: int

    @staticmethod
    def of(finding: Finding) -> "Convolution":
        shapes = (tuple(finding[key]) for key in ("input", "output", "kernel", "stride", "dilation", "padding"))
        return Convolution(finding["micro-batch"], *shapes, finding["groups"])

    def __str__(self) -> str:
        stride = f"/{self.stride[0]}" if self.stride != (1, 1) else ""
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        return f"{'×'.join(map(str, self.input))} → {self.output[0]}, {self.kernel[0]}×{self.kernel[1]}{stride}{groups}"

    def operands(self, samples: int) -> tuple[Tensor, Tensor, Tensor]:
        """x, the weights and dy, of a normal distribution."""
        rows = self.input[0] // self.groups * self.kernel[0] * self.kernel[1]
        x = torch.randn(samples, *self.input)
        weights = torch.randn(self.output[0], self.input[0] // self.groups, *self.kernel) * (2 / rows) ** 0.5
        return x, weights, torch.randn(samples, *self.output)

    def run(self, name: str, x: Tensor, weights: Tensor, dy: Tensor) -> Tensor:
        """The result of a pass. Padding that differs from side to side is laid round x before, as PyTorch needs it."""
        top, left, bottom, right = self.padding
        is_even = (top, left) == (bottom, right)
        if not is_even:
            x = functional.pad(x, (left, right, top, bottom))
        sides = (top, left) if is_even else (0, 0)
        if name == "forward":
            return functional.conv2d(x, weights, None, self.stride, sides, self.dilation, self.groups)
        wants_data = name == "backward data"
        dx, d_weights, _ = torch.ops.aten.convolution_backward(
            dy, x, weights, None, self.stride, sides, self.dilation, False, (0, 0), self.groups,
            (wants_data, not wants_data, False))
        if not wants_data:
            return d_weights
        return dx if is_even else dx[..., top:dx.shape[2] - bottom, left:dx.shape[3] - right]


def median_seconds(action: Callable[[], Tensor], seconds: float) -> float:
    """The median time of a call, measured for about so long."""
    action()
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - began < seconds:
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def time_of(convolution: Convolution, name: str, seconds: float) -> float:
    """PyTorch's time of a pass, in seconds."""
    operands = [x.to(memory_format=torch.channels_last) for x in convolution.operands(convolution.micro_batch)]
    return median_seconds(lambda: convolution.run(name, *operands), seconds)


def error_of(convolution: Convolution, name: str, samples: int) -> float:
    """The distance of PyTorch's float32 from its float64, relative to the latter."""
    operands = convolution.operands(samples)
    single = convolution.run(name, *(x.to(memory_format=torch.channels_last) for x in operands))
    exact = convolution.run(name, *(x.double() for x in operands))
    return ((single.double() - exact).norm() / exact.norm()).item()


def findings(lines: Iterable[str]) -> list[Finding]:
    """What cnn-dist has found, one JSON object a line."""
    try:
        found = [json.loads(line) for line in lines if line.strip()]
        return [finding for finding in found if finding["pass"] in PASSES]
    except (ValueError, KeyError, TypeError) as error:
        raise NothingToCompare(f"this is not the output of cnn-dist bench ops --json: {error!r}") from error


def measured(arguments: argparse.Namespace) -> list[Finding]:
    """Runs cnn-dist, which inherits the core."""
    command = [executable.cnn_dist(arguments.cnn_dist), "bench", "ops", *arguments.models, "--json", "--errors"]
    command += ["--seconds", str(arguments.seconds)]
    if arguments.micro_batch:
        command += ["--micro-batch", str(arguments.micro_batch)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise NothingToCompare(f"{' '.join(command)} ended with code {run.returncode}: {run.stderr.strip()}")
    return findings(run.stdout.splitlines())


def read(path: str) -> list[Finding]:
    try:
        with open(path, encoding="utf-8") as file:
            return findings(file)
    except OSError as error:
        raise NothingToCompare(f"{path} cannot be read: {error.strerror}") from error


def print_table(found: list[Finding], arguments: argparse.Namespace) -> None:
    """One row for each pass, in the order of cnn-dist; with --all the algorithms that it did not choose, too."""
    print(f"| {' | '.join(TITLES)} |\n|{'|'.join('---' for _ in TITLES)}|")
    theirs: dict[tuple[Convolution, str], tuple[float, float | None]] = {}
    for finding in found:
        if not (finding["chosen"] or arguments.all):
            continue
        convolution, name, samples = Convolution.of(finding), finding["pass"], finding["error-samples"]
        if (convolution, name) not in theirs:
            error = error_of(convolution, name, samples) if samples else None
            theirs[convolution, name] = (time_of(convolution, name, arguments.seconds), error)
        seconds, error = theirs[convolution, name]
        print_row(finding, convolution, 1e3 * seconds, error)


def print_row(finding: Finding, convolution: Convolution, milliseconds: float, error: float | None) -> None:
    errors = ["" if value is None else f"{value:.1e}" for value in (finding["error"], error)]
    ours = finding["milliseconds"]
    cells = [
        str(convolution), str(convolution.micro_batch), finding["pass"], finding["algorithm"], f"{ours:.3f}",
        f"{milliseconds:.3f}", f"{milliseconds / ours:.2f}", *errors,
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cores = sorted(os.sched_getaffinity(0))
    parser.add_argument("models", nargs="*", metavar="model", help="models (default: those of cnn-dist bench ops)")
    parser.add_argument("--read", metavar="FILE", help="take cnn-dist's side from a file instead of measuring it")
    parser.add_argument("--micro-batch", type=int, help="samples of a micro-batch (default: that of the model)")
    parser.add_argument("--seconds", type=float, default=0.2, help="length of each measurement (default: 0.2)")
    parser.add_argument("--core", type=int, choices=cores, default=cores[-1], help="the core (default: the last)")
    parser.add_argument("--all", action="store_true", help="print algorithms that the planner does not choose, too")
    parser.add_argument("--cnn-dist", default=None, help="the program (default: from the path, or the release build)")
    arguments = parser.parse_args()
    if arguments.read and (arguments.models or arguments.micro_batch):
        parser.error("--read takes models and micro-batches from the file")
    if not arguments.seconds > 0:
        parser.error("--seconds must be above 0")
    return arguments


def main() -> int:
    arguments = parsed_arguments()
    os.sched_setaffinity(0, {arguments.core})
    torch.set_num_threads(1)
    torch.manual_seed(1)
    try:
        found = read(arguments.read) if arguments.read else measured(arguments)
        if not found:
            raise NothingToCompare("cnn-dist has found no convolutions")
    except (NothingToCompare, executable.NoProgram) as error:
        print(error, file=sys.stderr)
        return 2
    kernels = torch.backends.cpu.get_cpu_capability()
    print(f"Core {arguments.core}, {found[0]['kernels']}; PyTorch {torch.__version__}, {kernels}, channels last.\n")
    print_table(found, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
