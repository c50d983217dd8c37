"""A model file of cnn-dist as a PyTorch module with the same parameter names: weights of one load into the other.

    model = from_yaml.load("my-model.yaml").double()
    model.load_state_dict(safetensors.torch.load_file("model.safetensors"))
    output, heads = model(images, masks)

    python -m cnn_dist_torch.model.from_yaml my-model.yaml       # prints the parameters' names and shapes

Paths follow cnn-dist: names joined with dots, a node without a name counts as its index among its siblings, an empty
name leaves no trace. PyTorch's containers cannot have empty names, so the tree here is made of plain objects, and the
layers hang in one flat list; the module only tells PyTorch the names that belong to them.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from cnn_dist_torch.model import layers, yaml_text
from cnn_dist_torch.model.operators import Stochastic
from cnn_dist_torch.model.vocabulary import HEAD_WEIGHT, LAYERS, MERGES, NODES, ModelError, choice
from cnn_dist_torch.step.losses import Loss


@dataclass
class Context:
    """What a forward pass takes along through the tree: the masks of stochastic layers, and what the heads put out."""

    training: bool
    masks: dict[str, Tensor]
    heads: dict[str, Tensor] = field(default_factory=dict)


class Node(Protocol):
    """A node of the model tree."""

    def run(self, x: Tensor, context: Context) -> Tensor: ...


@dataclass
class Leaf:
    """A layer and its path."""

    path: str
    layer: nn.Module

    def run(self, x: Tensor, context: Context) -> Tensor:
        if isinstance(self.layer, Stochastic):
            return self.layer(x, context.masks.get(self.path))
        return self.layer(x)


@dataclass
class Sequence:
    """Nodes one after the other."""

    nodes: list[Node]

    def run(self, x: Tensor, context: Context) -> Tensor:
        for node in self.nodes:
            x = node.run(x, context)
        return x


@dataclass
class Branches:
    """Nodes that see the same input, and how their outputs become one."""

    merge: str
    nodes: list[Node]

    def run(self, x: Tensor, context: Context) -> Tensor:
        outputs = [node.run(x, context) for node in self.nodes]
        if self.merge == "concat":
            return torch.cat(outputs, 1)
        merged = outputs[0]
        for output in outputs[1:]:
            merged = merged + output if self.merge == "add" else merged * output
        return merged


@dataclass
class Head:
    """An auxiliary output with a loss of its own; its input goes on unchanged."""

    path: str
    weight: float
    # None: the loss of the model's output.
    loss: Loss | None
    body: Sequence
    # The shape of its output for one sample.
    shape: tuple[int, ...]

    def run(self, x: Tensor, context: Context) -> Tensor:
        if context.training:
            context.heads[self.path] = as_output(self.body.run(x, context))
        return x


def as_output(x: Tensor) -> Tensor:
    """An image of 1×1 as the vector that it is."""
    return x.flatten(1) if x.shape[2:] == (1, 1) else x


class Model(nn.Module):
    """A network of cnn-dist."""

    def __init__(self, written: dict[str, Any]) -> None:
        super().__init__()
        self.input_shape: tuple[int, int, int] = tuple(written["input"])
        builder = Builder()
        with torch.no_grad():
            self.root, output = builder.sequence(written["layers"], "", torch.zeros(1, *self.input_shape))
        self.output_shape = tuple(as_output(output).shape[1:])
        self.heads = {head.path: head for head in builder.heads}
        self.paths = list(builder.layers)
        self.layers = nn.ModuleList(builder.layers.values())

    def forward(self, images: Tensor, masks: dict[str, Tensor] | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """The output, and the outputs of the heads by path (none in evaluation)."""
        context = Context(self.training, masks or {})
        return as_output(self.root.run(images, context)), context.heads

    def by_path(self) -> Iterator[tuple[str, nn.Module]]:
        """The layers with the paths that they have in cnn-dist."""
        return zip(self.paths, self.layers)

    def named_modules(self, memo: Any = None, prefix: str = "", remove_duplicate: bool = True) -> Iterator:
        """PyTorch takes the names of parameters and buffers from here."""
        yield prefix, self
        for path, layer in self.by_path():
            yield ".".join(filter(None, (prefix, path))), layer

    def state_dict(self, *, prefix: str = "", **_: Any) -> dict[str, Tensor]:
        tensors = dict(self.named_parameters(prefix)) | dict(self.named_buffers(prefix))
        return {name: tensor.detach() for name, tensor in tensors.items()}

    def load_state_dict(self, state: dict[str, Tensor], strict: bool = True, **_: Any) -> None:
        own = self.state_dict()
        if strict and (different := own.keys() ^ state.keys()):
            raise ModelError(f"these tensors have only one side: {', '.join(sorted(different))}")
        for name in own.keys() & state.keys():
            if own[name].shape != state[name].shape:
                raise ModelError(f"{name}: {list(state[name].shape)} instead of {list(own[name].shape)}")
            own[name].copy_(state[name])


class Builder:
    """Makes the tree while an image of zeros goes through it, which tells each layer the shape of its input."""

    def __init__(self) -> None:
        self.layers: dict[str, nn.Module] = {}
        self.heads: list[Head] = []

    def sequence(self, nodes: list[Any], path: str, x: Tensor) -> tuple[Sequence, Tensor]:
        built: list[Node] = []
        for index, written in enumerate(nodes):
            node, x = self.node(written, path, index, x)
            built.append(node)
        return Sequence(built), x

    def node(self, written: Any, above: str, index: int, x: Tensor) -> tuple[Node, Tensor]:
        """A node in any of the ways to write one, and what comes out of it."""
        word, content, name = taken_apart(written)
        path = ".".join(filter(None, (above, str(index) if name is None else name)))
        if word == "sequential":
            return self.sequence(content, path, x)
        if word == "branches":
            return self.branches(content, path, x)
        if word == "head":
            return self.head(content, path, x), x
        return self.leaf({word: content}, path, x)

    def branches(self, written: dict[str, Any], path: str, x: Tensor) -> tuple[Node, Tensor]:
        if written["merge"] not in MERGES:
            raise ModelError(f"{path}: unknown merge '{written['merge']}'; known are {', '.join(MERGES)}")
        nodes, outputs = zip(*(self.node(node, path, index, x) for index, node in enumerate(written["of"])))
        branches = Branches(written["merge"], list(nodes))
        # The branches' own outputs are at hand: merge those instead of running the branches again.
        return branches, Branches(written["merge"], [Constant(output) for output in outputs]).run(x, Context(False, {}))

    def head(self, written: dict[str, Any], path: str, x: Tensor) -> Node:
        body, output = self.sequence(written["layers"], path, x)
        loss = Loss.parse(written["loss"]) if "loss" in written else None
        shape = tuple(as_output(output).shape[1:])
        self.heads.append(Head(path, written.get("weight", HEAD_WEIGHT), loss, body, shape))
        return self.heads[-1]

    def leaf(self, written: dict[str, Any], path: str, x: Tensor) -> tuple[Node, Tensor]:
        word, options = choice(written, LAYERS, "layer")
        if word == "identity":
            return Sequence([]), x
        if path in self.layers:
            raise ModelError(f"two layers are called '{path}'; give one of them another name")
        layer = layers.layer(word, options, tuple(x.shape[1:])).eval()
        self.layers[path] = layer
        return Leaf(path, layer), layer(x)


@dataclass
class Constant:
    """Stands for a branch whose output is known."""

    output: Tensor

    def run(self, x: Tensor, context: Context) -> Tensor:
        return self.output


def taken_apart(written: Any) -> tuple[str, Any, str | None]:
    """The word of a node, what is written below it, and the node's name."""
    if isinstance(written, str):
        return written, None, None
    if isinstance(written, list):
        return "sequential", written, None
    rest = {key: value for key, value in written.items() if key != "name"}
    if len(rest) != 1:
        raise ModelError(f"{written} must hold one layer, and a name if you like")
    word, content = next(iter(rest.items()))
    if word not in NODES and word not in LAYERS:
        raise ModelError(f"unknown layer '{word}'; known are {', '.join((*NODES, *LAYERS))}")
    name = written.get("name")
    return word, content, None if name is None else str(name)


def parse(text: str) -> Model:
    """The model of a model file's text, in training mode, with PyTorch's initial weights."""
    return Model(yaml_text.read(text)).train()


def load(path: str | Path) -> Model:
    """The model of a model file."""
    return parse(Path(path).read_text())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a model file")
    try:
        model = load(parser.parse_args().model)
    except (ModelError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    for name, tensor in model.state_dict().items():
        print(f"{name:48} {'×'.join(map(str, tensor.shape)) or '1'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
