"""The cases of the fixtures: small models, read from operator_cases.yaml and loss_cases.yaml.

A case is `name: {input, layers, loss, samples}`; samples are 2 if not given, the loss is that of OPERATOR_LOSS.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml_text
from losses import Loss

# Depends on every number of the output, each in its own way.
OPERATOR_LOSS = {"mean-squared-error": {"targets": "values"}}


@dataclass(frozen=True)
class Case:
    """A small model with its loss."""

    name: str
    # The text of the model file.
    model: str
    # The loss in YAML flow style.
    loss: str
    samples: int

    @classmethod
    def parse(cls, name: str, written: dict[str, Any]) -> "Case":
        nodes = "".join(f"  - {yaml_text.flow(node)}\n" for node in written["layers"])
        text = f"input: {yaml_text.flow(written['input'])}\nlayers:\n{nodes}"
        return cls(name, text, yaml_text.flow(written.get("loss", OPERATOR_LOSS)), written.get("samples", 2))

    @property
    def parsed_loss(self) -> Loss:
        return Loss.parse(yaml_text.read(self.loss))


def operators() -> list[Case]:
    """The layers."""
    return _cases("operator_cases.yaml")


def losses() -> list[Case]:
    """The losses."""
    return _cases("loss_cases.yaml")


def _cases(name: str) -> list[Case]:
    written = yaml_text.read((Path(__file__).parent / name).read_text())
    return [Case.parse(name, case) for name, case in written.items()]
