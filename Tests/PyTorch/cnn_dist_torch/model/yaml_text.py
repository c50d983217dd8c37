"""YAML as cnn-dist reads it: `1e-5` is a number and `on` a word (YAML 1.2), which PyYAML sees the other way round."""

import re
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the booleans and numbers of YAML 1.2."""


_FORMS = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+", "-+0123456789"),
    "float": (r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
}
_Loader.yaml_implicit_resolvers = {}
for _tag, (_form, _first) in _FORMS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_form})$"), list(_first))


def read(text: str) -> Any:
    """The value of a document."""
    return yaml.load(text, _Loader)


def flow(value: Any) -> str:
    """The value on one line."""
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**9).removesuffix("...\n").strip()
