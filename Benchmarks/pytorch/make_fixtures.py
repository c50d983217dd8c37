#!/usr/bin/env python3
"""Makes the fixtures of Tests/Fixtures: what PyTorch computes in float64 for small models with each layer and loss.

    venv/bin/python make_fixtures.py                 # writes operators.safetensors and losses.safetensors
    venv/bin/python make_fixtures.py --check         # compares what it would write with what is there
    venv/bin/python make_fixtures.py --coverage      # asks whether every word of model files and losses has a test

What the files hold is said in Tests/Fixtures/README.md, the cases are in cases.py. Each case draws from a seed of its
own, made of its name, so a new case leaves all others as they are. All inputs are numbers of float32, so that a program
of that precision starts from the very same; they are drawn until the pass keeps a thousandth away from all kinks (see
kinks.py), because that program must be able to take the same side.

Exit code 0 if all is well; 1 if a check fails.
"""

import argparse
import sys
import zlib
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

import cases
import from_yaml
import steps
import used_words
from cases import Case
from steps import Tensors

FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures"
KINK_DISTANCE = 1e-3
MOST_BATCHES = 2000
# What --check lets another machine's float64 differ by.
ROUNDING = 1e-10
MOST_BYTES = 1_500_000


def drawn(case: Case) -> tuple[from_yaml.Model, Tensors]:
    """The model with random weights, in float32, and a batch that keeps it clear of all kinks."""
    torch.manual_seed(zlib.crc32(case.name.encode()))
    model = steps.randomized(from_yaml.parse(case.model))
    for _ in range(MOST_BATCHES):
        batch = steps.random_batch(model, model.input_shape, case.parsed_loss, case.samples)
        if is_clear_of_kinks(case, model.state_dict(), batch):
            return model, batch
    raise SystemExit(f"{case.name}: {MOST_BATCHES} batches all touch a kink; give it fewer samples or pixels")


def is_clear_of_kinks(case: Case, weights: Tensors, batch: Tensors) -> bool:
    distances = steps.kinks_of_step(exact_model(case, weights), case.parsed_loss, in_float64(batch), {})
    # An exact zero is a plateau, or copies of one number.
    return all(not ((x != 0) & (x.abs() <= KINK_DISTANCE)).any() for x in distances)


def exact_model(case: Case, weights: Tensors) -> from_yaml.Model:
    """A fresh model in float64: a pass moves running statistics."""
    model = from_yaml.parse(case.model).double()
    model.load_state_dict(weights)
    return model


def in_float64(tensors: Tensors) -> Tensors:
    return {key: x.double() if x.is_floating_point() else x for key, x in tensors.items()}


def tensors_of(case: Case) -> Tensors:
    """All tensors of a case by their names in the file."""
    model, batch = drawn(case)
    weights = {name: x for name, x in model.state_dict().items() if x.is_floating_point()}
    results = steps.step(exact_model(case, model.state_dict()), case.parsed_loss, in_float64(batch), {})
    tensors = batch | {f"weights/{name}": x for name, x in weights.items()}
    tensors |= {_result_name(name): x for name, x in results.items()}
    evaluation = evaluated(case, model.state_dict(), batch)
    if not torch.equal(evaluation, results["logits"]):
        tensors["evaluation"] = evaluation
    # Copies: safetensors refuses tensors that share memory, and labels may be shared.
    return {f"{case.name}/{name}": x.detach().clone().contiguous() for name, x in tensors.items()}


def evaluated(case: Case, weights: Tensors, batch: Tensors) -> torch.Tensor:
    """The output in evaluation mode, with the running statistics from before the step."""
    with torch.no_grad():
        output, _ = exact_model(case, weights).eval()(batch["images"].double())
    return output


def _result_name(name: str) -> str:
    """`grad.fc.weight` is `grad/fc.weight` in the file, `bn.running_mean` is `running/bn.running_mean`."""
    if name == "logits":
        return "output"
    kind, _, rest = name.partition(".")
    if kind in ("grad", "head"):
        return f"{kind}/{rest}"
    return name if name == "loss" else f"running/{name}"


def contents(all_cases: list[Case]) -> tuple[Tensors, dict[str, str]]:
    """The tensors and the metadata of a file."""
    tensors: Tensors = {}
    metadata = {"torch": torch.__version__.partition("+")[0]}
    for case in all_cases:
        tensors |= tensors_of(case)
        metadata |= {f"{case.name}.model": case.model, f"{case.name}.loss": case.loss}
    return tensors, metadata


def difference(path: Path, tensors: Tensors, metadata: dict[str, str]) -> str | None:
    """What is stored otherwise than it would be written, beyond rounding; the version of PyTorch may differ."""
    with safe_open(path, "pt") as file:
        stored = {name: file.get_tensor(name) for name in file.keys()}
        texts = file.metadata() | {"torch": metadata["torch"]}
    if changed := [key for key in texts.keys() | metadata.keys() if texts.get(key) != metadata.get(key)]:
        return f"metadata differs: {', '.join(sorted(changed))}"
    if one_sided := stored.keys() ^ tensors.keys():
        return f"only on one side: {', '.join(sorted(one_sided))}"
    if different := [name for name, x in tensors.items() if not is_same(stored[name], x)]:
        return f"other values: {', '.join(sorted(different))}"
    return None


def is_same(stored: torch.Tensor, x: torch.Tensor) -> bool:
    if stored.dtype != x.dtype or stored.shape != x.shape:
        return False
    if x.dtype != torch.float64:
        return torch.equal(stored, x)
    return bool((stored - x).norm() <= ROUNDING * max(x.norm().item(), 1e-6))


def check(path: Path, all_cases: list[Case]) -> bool:
    problem = difference(path, *contents(all_cases)) if path.exists() else "is missing; run make_fixtures.py"
    print(f"{path.name}: {problem or f'{len(all_cases)} cases as stored'}")
    return problem is None


def write(path: Path, all_cases: list[Case]) -> int:
    """Writes a file and gives its size."""
    tensors, metadata = contents(all_cases)
    save_file(tensors, path, metadata)
    size = path.stat().st_size
    print(f"{path.name}: {len(all_cases)} cases, {len(tensors)} tensors, {size} bytes")
    return size


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is stored, write nothing")
    parser.add_argument("--coverage", action="store_true", help="list the words that nothing tests, write nothing")
    arguments = parser.parse_args()
    files = {"operators.safetensors": cases.operators(), "losses.safetensors": cases.losses()}
    if arguments.coverage:
        return used_words.report([case for group in files.values() for case in group])
    if arguments.check:
        return 0 if all([check(FOLDER / name, group) for name, group in files.items()]) else 1
    FOLDER.mkdir(exist_ok=True)
    size = sum(write(FOLDER / name, group) for name, group in files.items())
    if size > MOST_BYTES:
        print(f"together {size} bytes, more than {MOST_BYTES}; make cases smaller", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
