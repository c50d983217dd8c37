"""Computes one step of a model of the zoo by cnn-dist and by PyTorch, from the same weights on the same batch, both in
float32, and says how far they are apart.

    python -m cnn_dist_torch.same_loss resnet50 --micro-batch 8

The bounds are wide, for here nothing keeps away from the kinks of ReLU and max pooling, where both may take different
sides with equal right (between PyTorch's own layouts the gradients of resnet50 are a few hundredths apart): they are
there to find another network, not another rounding. compare_step is strict.

Prints one JSON object: both losses, and the norm-wise differences of the outputs and of all gradients together.
Exit code 0 if these are within the bounds, 1 if not, 2 if there was nothing to compare.
"""

import argparse
import json
import sys

import torch

from cnn_dist_torch import executable
from cnn_dist_torch.compare_step import NothingToCompare, Subject, cnn_dist_step
from cnn_dist_torch.model.zoo import ZOO
from cnn_dist_torch.step import passes
from cnn_dist_torch.step.passes import Tensors

OUTPUT_BOUND = 1e-3
GRADIENT_BOUND = 0.1


def pytorch_results(subject: Subject, weights: Tensors, batch: Tensors, masks: Tensors) -> Tensors:
    """PyTorch's step as it is timed: channels last."""
    model = subject.model(weights, torch.float32).to(memory_format=torch.channels_last)
    images = batch["images"].to(memory_format=torch.channels_last)
    return passes.step(model, subject.loss, batch | {"images": images}, masks)


def difference(ours: Tensors, theirs: Tensors, keys: list[str]) -> float:
    """The norm of the difference over PyTorch's norm, of the named tensors together."""
    apart = sum((ours[key].reshape(theirs[key].shape) - theirs[key]).double().square().sum() for key in keys)
    return (apart / sum(theirs[key].double().square().sum() for key in keys)).sqrt().item()


def compared(name: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Both losses, and the differences.

    Raises NothingToCompare if cnn-dist gives no result.
    """
    torch.manual_seed(arguments.seed)
    subject = Subject.named(name)
    model = passes.randomized(subject.build())
    batch = passes.random_batch(model, subject.shape, subject.loss, arguments.micro_batch)
    weights = model.state_dict()
    ours = cnn_dist_step(subject, weights, batch, arguments)
    masks = {key.removeprefix("mask."): mask for key, mask in ours.items() if key.startswith("mask.")}
    theirs = pytorch_results(subject, weights, batch, masks)
    return {
        "loss": ours["loss"].item(), "pytorch-loss": theirs["loss"].item(),
        "output-difference": difference(ours, theirs, ["logits"]),
        "gradient-difference": difference(ours, theirs, [f"grad.{key}" for key, _ in model.named_parameters()]),
    }


def is_same(result: dict[str, float]) -> bool:
    apart = abs(result["loss"] - result["pytorch-loss"])
    return (
        apart <= OUTPUT_BOUND * abs(result["pytorch-loss"]) and result["output-difference"] <= OUTPUT_BOUND
        and result["gradient-difference"] <= GRADIENT_BOUND
    )


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=ZOO, help="model of the zoo")
    parser.add_argument("--micro-batch", type=int, default=4, help="samples of the batch (default: 4)")
    parser.add_argument("--seed", type=int, default=1, help="seed of weights, batch and dropout (default: 1)")
    parser.add_argument("--cnn-dist", default=None, help="the program (default: from the path, or the release build)")
    return parser.parse_args()


def main() -> int:
    arguments = parsed_arguments()
    try:
        arguments.cnn_dist = executable.cnn_dist(arguments.cnn_dist)
        result = compared(arguments.model, arguments)
    except (NothingToCompare, executable.NoProgram, MemoryError, RuntimeError) as error:
        # PyTorch says with a RuntimeError that memory is short.
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(result))
    return 0 if is_same(result) else 1


if __name__ == "__main__":
    sys.exit(main())
