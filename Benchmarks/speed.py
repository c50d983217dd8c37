#!/usr/bin/env python3
"""Times whole training steps of cnn-dist and of PyTorch side by side, on one core or on several.

    python3 -m venv venv && venv/bin/pip install -r Benchmarks/requirements.txt     # from the top of the repository
    venv/bin/python Benchmarks/speed.py                               # seven models of the zoo
    venv/bin/python Benchmarks/speed.py resnet20 vgg19 --rounds 9 --seconds 5
    venv/bin/python Benchmarks/speed.py --core 1 --cnn-dist .build/release/cnn-dist lenet5
    venv/bin/python Benchmarks/speed.py resnet18-cifar --threads 2    # on the first two cores
    venv/bin/python Benchmarks/speed.py --openblas-core Haswell       # as on machines that pin OpenBLAS

For each model cnn_dist_torch.same_loss first checks that both compute the same step. Then both are measured in turn,
each time in a new process that has the core to itself: `cnn-dist bench step` and cnn_dist_torch.timed_step, which says
what a step is. Who goes first alternates, so that a machine that slows down or speeds up favours nobody.

With --threads N both get the first N cores and do the same images in a step, N times the micro-batch: cnn-dist as N
micro-batches on N lanes (`--lanes N`), whose gradients it adds, PyTorch as one batch with N threads.

A machine that is shared is noisy: trust ratios, not milliseconds. A ratio is PyTorch's time over cnn-dist's; above 1
cnn-dist is faster. The first is that of the medians over all rounds; the spread is that of the pairs, round by round.
Memory is the largest resident size of the process; PyTorch's begins with some 200 MB of libraries.

Variables of the environment that would hold one side to fewer instructions than the CPU has are taken out;
--openblas-core puts OPENBLAS_CORETYPE back in, for cnn-dist alone, and the table says which kernels came of it.

Exit code 0; 1 if a model's steps differ, which is then not measured; 2 if a model could not be compared or measured.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnn_dist_torch import executable

# The models and their micro-batches; this program must not load PyTorch, for a process that it starts would count the
# memory of this one as its own.
MICRO_BATCHES = {
    "lenet5": 64, "resnet20": 64, "resnet18-cifar": 32, "vgg11-cifar": 64, "mobilenet-cifar": 32, "vgg19": 4,
    "resnet50": 8,
}
CHOOSING_VARIABLES = (
    "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY",
)
CORES = sorted(os.sched_getaffinity(0))
TABLE = "{:16} {:>6} {:>11} {:>11} {:>7} {:>13} {:>9} {:>10}"


class NotMeasured(Exception):
    """A program could not be run or did not come to a result; the message says why."""


@dataclass(frozen=True)
class Outcome:
    """How a program ended."""

    code: int
    output: str
    complaint: str
    # The largest resident size.
    megabytes: float


@dataclass
class Side:
    """The rounds of one of the two programs on one model."""

    reports: list[dict[str, Any]] = field(default_factory=list)
    megabytes: float = 0

    @property
    def milliseconds(self) -> list[float]:
        """The median step of each round."""
        return [report["step-milliseconds"] for report in self.reports]

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)


@dataclass(frozen=True)
class Result:
    """What was measured of one model."""

    model: str
    threads: int
    ours: Side
    theirs: Side

    @property
    def images(self) -> str:
        """The images of a step: how many micro-batches of what size."""
        micro_batch = MICRO_BATCHES[self.model]
        return f"{self.threads}×{micro_batch}" if self.threads > 1 else str(micro_batch)

    @property
    def ratio(self) -> float:
        return self.theirs.median / self.ours.median

    @property
    def pairs(self) -> list[float]:
        """The ratio of each round."""
        return [theirs / ours for ours, theirs in zip(self.ours.milliseconds, self.theirs.milliseconds)]

    def row(self) -> str:
        spread = f"{min(self.pairs):.2f}-{max(self.pairs):.2f}"
        return TABLE.format(
            self.model, self.images, f"{self.ours.median:.2f}", f"{self.theirs.median:.2f}",
            f"{self.ratio:.2f}", spread, f"{self.ours.megabytes:.0f}", f"{self.theirs.megabytes:.0f}")

    def as_json(self) -> str:
        return json.dumps({
            "model": self.model, "micro-batch": MICRO_BATCHES[self.model], "threads": self.threads,
            "milliseconds": self.ours.median, "pytorch-milliseconds": self.theirs.median, "ratio": self.ratio,
            "smallest-ratio": min(self.pairs), "largest-ratio": max(self.pairs), "megabytes": self.ours.megabytes,
            "pytorch-megabytes": self.theirs.megabytes, "rounds": self.ours.milliseconds,
            "pytorch-rounds": self.theirs.milliseconds, "kernels": self.ours.reports[0].get("kernels"),
            "pytorch": self.theirs.reports[0]["version"],
            "pytorch-kernels": self.theirs.reports[0]["kernels"], "cpu": cpu(),
        })


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in CHOOSING_VARIABLES}


def run(command: list[str], added: dict[str, str] | None = None) -> Outcome:
    """Runs a program to its end, with some variables added to its environment."""
    variables = environment() | (added or {})
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=complaints, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        complaints.seek(0)
        return Outcome(process.returncode, output, complaints.read().strip(), usage.ru_maxrss / 1024)


def cores(arguments: argparse.Namespace) -> str:
    """The cores that a side gets, as taskset takes them."""
    chosen = CORES[:arguments.threads] if arguments.threads > 1 else [arguments.core]
    return ",".join(map(str, chosen))


def openblas(arguments: argparse.Namespace) -> dict[str, str]:
    """What is added to the environment of cnn-dist."""
    return {"OPENBLAS_CORETYPE": arguments.openblas_core} if arguments.openblas_core else {}


def measure(command: list[str], added: dict[str, str], side: Side, arguments: argparse.Namespace) -> None:
    """Adds one round: runs a program that reports as JSON, on the chosen cores."""
    outcome = run(["taskset", "-c", cores(arguments), *command], added)
    if outcome.code != 0:
        raise NotMeasured(f"{' '.join(command)} ended with code {outcome.code}: {outcome.complaint}")
    side.reports.append(json.loads(outcome.output))
    side.megabytes = max(side.megabytes, outcome.megabytes)


def commands(model: str, arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    """What measures the model on either side: the same images in a step, cut as the side likes them."""
    micro_batch, threads, seconds = MICRO_BATCHES[model], str(arguments.threads), ["--seconds", str(arguments.seconds)]
    ours = [arguments.cnn_dist, "bench", "step", model, "--micro-batch", str(micro_batch), "--lanes", threads, "--json"]
    theirs = [
        sys.executable, "-m", "cnn_dist_torch.timed_step", model, "--micro-batch", str(micro_batch * arguments.threads),
        "--threads", threads,
    ]
    return ours + seconds, theirs + seconds


def measured(model: str, arguments: argparse.Namespace) -> Result:
    """All rounds of a model."""
    our_command, their_command = commands(model, arguments)
    ours, theirs = Side(), Side()
    turns = [(our_command, openblas(arguments), ours), (their_command, {}, theirs)]
    for _ in range(arguments.rounds):
        for command, added, side in turns:
            measure(command, added, side, arguments)
        turns.reverse()
    return Result(model, arguments.threads, ours, theirs)


def check(model: str, arguments: argparse.Namespace) -> int:
    """Whether both sides compute the same step: 0 if so, 1 if not, 2 if that remains open. Says it if not 0."""
    command = [sys.executable, "-m", "cnn_dist_torch.same_loss", model, "--micro-batch", str(MICRO_BATCHES[model])]
    outcome = run([*command, "--cnn-dist", arguments.cnn_dist], openblas(arguments))
    if outcome.code == 0:
        return 0
    lines = (outcome.output or outcome.complaint or "memory may be short").strip().splitlines()
    if outcome.code == 1:
        print(f"{model}: the steps differ, so their times would say nothing: {lines[-1]}", file=sys.stderr)
        return 1
    print(f"{model}: the losses are NOT compared (code {outcome.code}): {lines[-1]}", file=sys.stderr)
    return 2


def cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def print_header(first: Result, arguments: argparse.Namespace) -> None:
    ours, theirs = first.ours.reports[0], first.theirs.reports[0]
    version = run([arguments.cnn_dist, "--version"]).output.strip()
    pinned = f", OPENBLAS_CORETYPE={arguments.openblas_core}" if arguments.openblas_core else ""
    print(
        f"{cpu()}, core {cores(arguments)}, load {os.getloadavg()[0]:.1f}; cnn-dist {version} "
        f"({ours.get('kernels', 'kernels unknown')}{pinned}); PyTorch {theirs['version']} ({theirs['kernels']}), "
        f"Python {platform.python_version()}; rounds of {arguments.seconds:g} s: {arguments.rounds}, "
        f"threads: {arguments.threads}")
    print(TABLE.format("model", "images", "cnn-dist ms", "PyTorch ms", "ratio", "spread", "ours MB", "PyTorch MB"))


def report(models: list[str], arguments: argparse.Namespace) -> int:
    """Measures and prints model by model; one that fails does not keep the others from it. The exit code."""
    codes = [0]
    needs_header = not arguments.json
    for model in models:
        codes.append(check(model, arguments))
        if codes[-1] == 1:
            continue
        try:
            result = measured(model, arguments)
        except NotMeasured as error:
            print(f"{model}: {error}", file=sys.stderr)
            codes.append(2)
            continue
        if needs_header:
            print_header(result, arguments)
            needs_header = False
        print(result.as_json() if arguments.json else result.row(), flush=True)
    return max(codes)


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ", ".join(MICRO_BATCHES)
    parser.add_argument("models", nargs="*", metavar="model", help=f"models (default: {names})")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each side (default: 5)")
    parser.add_argument("--seconds", type=float, default=3, help="length of each in seconds (default: 3)")
    parser.add_argument(
        "--core", type=int, choices=CORES, default=CORES[-1], help="the core for one thread (default: the last)")
    parser.add_argument(
        "--threads", type=int, choices=range(1, len(CORES) + 1), default=1, metavar="N",
        help="threads of each side, on the first N cores; both do N micro-batches of images in a step (default: 1)")
    parser.add_argument(
        "--openblas-core", metavar="NAME",
        help="hold cnn-dist's OpenBLAS to a kernel set, as OPENBLAS_CORETYPE=Haswell does")
    parser.add_argument("--cnn-dist", default=None, help="the program (default: from the path, or the release build)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a model, with every round")
    arguments = parser.parse_args()
    for name in arguments.models:
        if name not in MICRO_BATCHES:
            parser.error(f"model '{name}' is none of {names}")
    if arguments.rounds < 1 or not arguments.seconds > 0:
        parser.error("--rounds must be at least 1 and --seconds above 0")
    return arguments


def main() -> int:
    arguments = parsed_arguments()
    try:
        arguments.cnn_dist = executable.cnn_dist(arguments.cnn_dist)
        if shutil.which("taskset") is None:
            raise executable.NoProgram("there is no program taskset; install the package util-linux")
    except executable.NoProgram as error:
        print(error, file=sys.stderr)
        return 2
    return report(arguments.models or list(MICRO_BATCHES), arguments)


if __name__ == "__main__":
    sys.exit(main())
