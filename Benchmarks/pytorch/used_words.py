"""Asks which words of model files and losses no test has used: words, options, and values that are words."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import losses
import yaml_text
from cases import Case
from vocabulary import CHOICES, FILTERS, LAYERS, LOSSES, MERGES, NODES, Options

MODELS = Path(__file__).resolve().parents[2] / "Tests" / "Models"

# A word; a word and one of its options; a word, an option and a value.
Use = tuple[str, ...]


def wanted() -> set[Use]:
    """Everything that deserves a test."""
    uses: set[Use] = {(word,) for word in NODES} | {("branches", "merge", merge) for merge in MERGES}
    uses |= {("head", "loss"), ("head", "weight")} | {("filter", "kernel", word) for word in FILTERS}
    uses |= {("losses", word, key) for word, options in LOSSES.items() for key in options}
    uses |= {("losses", word) for word in LOSSES} | {(word, *more) for (word, *more) in _choices()}
    for word, options in LAYERS.items():
        uses |= {(word,)} | {(word, key) for key in options}
    return uses


def _choices() -> Iterator[Use]:
    for (word, key), values in CHOICES.items():
        yield from ((word, key, value) for value in values)


def used(node: Any) -> Iterator[Use]:
    """What a node of a model file uses, and the nodes below it."""
    if isinstance(node, list):
        yield ("sequential",)
        for child in node:
            yield from used(child)
        return
    for word, content in ({node: None} if isinstance(node, str) else node).items():
        if word == "name":
            continue
        yield (word,)
        if word == "sequential":
            yield from used(content)
        elif word == "branches":
            yield ("branches", "merge", content["merge"])
            yield from used(content["of"])
        elif word == "head":
            yield from _head(content)
        else:
            yield from _layer(word, content or {})


def _head(content: Options) -> Iterator[Use]:
    yield from (("head", key) for key in content)
    yield from used(content["layers"])
    if "loss" in content:
        yield from used_by_loss(content["loss"])


def _layer(word: str, options: Options) -> Iterator[Use]:
    for key, value in (LAYERS[word] | options).items():
        # A default counts where it is a word; another option only where somebody has written it.
        if key in options:
            yield (word, key)
        if isinstance(value, dict):
            value = next(iter(value))
        if isinstance(value, str):
            yield (word, key, value)


def used_by_loss(loss: Any) -> Iterator[Use]:
    """What a loss uses."""
    for word, options in ({loss: None} if isinstance(loss, str) else loss).items():
        yield ("losses", word)
        yield from (("losses", word, key) for key in options or {})


def used_by_model(text: str, loss: str) -> set[Use]:
    """What a model file and its loss use."""
    return {*used(yaml_text.read(text)["layers"]), *used_by_loss(yaml_text.read(loss))}


def used_by_files(paths: Iterable[Path]) -> set[Use]:
    """What model files use whose first line names their loss."""
    texts = [path.read_text() for path in paths]
    return set().union(*(used_by_model(text, losses.written_in(text)) for text in texts))


def report(cases: list[Case]) -> int:
    """Prints what the fixtures and the model files each leave out; 1 if that is anything."""
    groups = {
        "Tests/Fixtures": set().union(*(used_by_model(case.model, case.loss) for case in cases)),
        "Tests/Models": used_by_files(MODELS.glob("*.yaml")),
    }
    for name, uses in groups.items():
        missing = sorted(": ".join(use) for use in wanted() - uses)
        print(f"{name}: {len(wanted()) - len(missing)} of {len(wanted())} words and options are used")
        print("".join(f"  not {use}\n" for use in missing), end="")
    return 0 if all(wanted() <= uses for uses in groups.values()) else 1
