"""Compares the words of model files that this package knows, with their options and defaults, with those of cnn-dist.

    python -m cnn_dist_torch.words

The table in model/vocabulary.py is written by hand, as a second opinion: a default that changes in cnn-dist alone is
found here. `cnn-dist models --layers --json` tells the other side.

Exit code 0 if both agree, 1 if not, 2 if cnn-dist tells nothing.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from cnn_dist_torch import executable
from cnn_dist_torch.model import vocabulary, yaml_text
from cnn_dist_torch.model.vocabulary import CHOICES, FILTERS, HEAD_WEIGHT, LAYERS, LOSSES, MERGES, NODES, REQUIRED

Options = vocabulary.Options
# A group of `models --layers`, a word, and its options.
Words = dict[str, dict[str, Options]]

# The tables of this package; a node's own options stand in the code that reads model files.
OURS: Words = {
    "layer": LAYERS,
    "loss": LOSSES,
    "filter": FILTERS,
    "structure": {
        "sequential": {}, "branches": {"merge": REQUIRED, "of": REQUIRED},
        "head": {"layers": REQUIRED, "weight": HEAD_WEIGHT, "loss": None},
    },
}


class NoWords(Exception):
    """cnn-dist does not tell its words; the message says why."""


def told(program: str) -> list[dict[str, Any]]:
    """What cnn-dist tells of each word."""
    command = [program, "models", "--layers", "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise NoWords(f"{' '.join(command)} ended with code {run.returncode}: {run.stderr.strip()}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def default(key: dict[str, Any]) -> Any:
    """The default of an option: no text at all means that it has to be given."""
    return REQUIRED if key["default"] is None else yaml_text.read(key["default"])


def options_told(entries: list[dict[str, Any]]) -> Words:
    """cnn-dist's words by group, with their options."""
    words: Words = {}
    for entry in entries:
        words.setdefault(entry["group"], {})[entry["name"]] = {key["key"]: default(key) for key in entry["keys"]}
    return words


def shown(value: Any) -> str:
    return "required" if value is REQUIRED else yaml_text.flow(value)


def differences_of_options(word: str, ours: Options, theirs: Options) -> Iterator[str]:
    """What two tables say otherwise of one word."""
    for key in sorted(ours.keys() ^ theirs.keys()):
        yield f"{word} has the option {key} {'here' if key in ours else 'in cnn-dist'} alone"
    for key in sorted(ours.keys() & theirs.keys()):
        one, other = ([*value] if isinstance(value, tuple) else value for value in (ours[key], theirs[key]))
        # In Python 1 and True are equal, and 1 and 1.0 shall be.
        if one != other or isinstance(one, bool) != isinstance(other, bool):
            yield f"{word}: the default of {key} is {shown(one)} here, in cnn-dist {shown(other)}"


def differences(ours: Words, theirs: Words) -> Iterator[str]:
    """What two vocabularies say otherwise."""
    for group, words in ours.items():
        others = theirs.get(group, {})
        for word in sorted(words.keys() ^ others.keys()):
            yield f"the {group} {word} is known {'here' if word in words else 'in cnn-dist'} alone"
        for word in words.keys() & others.keys():
            yield from differences_of_options(f"{group} {word}", words[word], others[word])


def differences_of_choices(entries: list[dict[str, Any]]) -> Iterator[str]:
    """Words that an option can be, as `a | b` or `n or word` in cnn-dist, which vocabulary.CHOICES has otherwise."""
    forms = {(entry["group"], entry["name"], key["key"]): key["form"] for entry in entries for key in entry["keys"]}
    wanted = {("layer", *use): values for use, values in CHOICES.items()}
    wanted |= {("structure", "branches", "merge"): MERGES, ("layer", "filter", "kernel"): tuple(FILTERS)}
    for use, values in wanted.items():
        form = forms.get(use, "")
        words = form.split(" | ") if " | " in form else [form.rpartition(" or ")[2]]
        if sorted(words) != sorted(values):
            yield f"{' '.join(use)} is one of {', '.join(values)} here, in cnn-dist '{form}'"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cnn-dist", default=None, help="the program (default: from the path, or the release build)")
    try:
        entries = told(executable.cnn_dist(parser.parse_args().cnn_dist))
    except (NoWords, executable.NoProgram, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    assert OURS["structure"].keys() == set(NODES)
    found = [*differences(OURS, options_told(entries)), *differences_of_choices(entries)]
    print("".join(f"{line}\n" for line in found), end="")
    count = sum(map(len, OURS.values()))
    print(f"{len(found)} differences" if found else f"{count} words, their options and defaults are those of cnn-dist")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
