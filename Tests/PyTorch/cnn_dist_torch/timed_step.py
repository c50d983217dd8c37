"""Times whole training steps of one model of the zoo in PyTorch: the counterpart of `cnn-dist bench step`.

    python -m cnn_dist_torch.timed_step resnet20 --micro-batch 64 --seconds 3
    python -m cnn_dist_torch.timed_step resnet50 --micro-batch 8 --train fc     # all else has requires_grad = False

A step clears the gradients, goes forward, takes the cross-entropy, goes backward and updates by SGD with momentum and
weight decay. The setting is PyTorch's best on CPUs: float32, channels last, which gives all convolutions to oneDNN,
gradients that are freed instead of set to zero, and an update of all tensors in one call.

Prints one JSON object with the keys that `cnn-dist bench step --json` has too, and PyTorch's version and instruction
set.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from cnn_dist_torch.model.zoo import ZOO

WARM_UPS = 3
FEWEST_STEPS = 3


def whole_step(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> Callable[[], None]:
    """One training step of the model on a batch, update included."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1e-6, momentum=0.9, weight_decay=1e-4, foreach=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return step


def freeze_all_but(model: nn.Module, layer: str) -> None:
    """Leaves the parameters of one layer to be trained."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(f"{layer}.")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise SystemExit(f"there is no layer '{layer}' with parameters")


def prepared_step(name: str, micro_batch: int, trained: str | None) -> Callable[[], None]:
    """A step of a new model on random images."""
    torch.manual_seed(1)
    build, shape = ZOO[name]
    model = build().to(memory_format=torch.channels_last)
    if trained is not None:
        freeze_all_but(model, trained)
    images = torch.randn(micro_batch, *shape).to(memory_format=torch.channels_last)
    return whole_step(model, images, torch.randint(0, model.classes, (micro_batch,)))


def seconds_of(step: Callable[[], None]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def measured(step: Callable[[], None], seconds: float) -> list[float]:
    """The times of steps, in seconds, for about so long; the first ones do not count."""
    for _ in range(WARM_UPS):
        step()
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < FEWEST_STEPS or time.perf_counter() - began < seconds:
        times.append(seconds_of(step))
    return times


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=ZOO, help="model of the zoo")
    parser.add_argument("--micro-batch", type=int, default=64, help="samples of a step (default: 64)")
    parser.add_argument("--train", metavar="LAYER", help="freeze all but this layer")
    parser.add_argument("--seconds", type=float, default=3, help="how long to measure (default: 3)")
    parser.add_argument("--threads", type=int, default=1, help="PyTorch's threads (default: 1)")
    return parser.parse_args()


def main() -> None:
    arguments = parsed_arguments()
    torch.set_num_threads(arguments.threads)
    times = measured(prepared_step(arguments.model, arguments.micro_batch, arguments.train), arguments.seconds)
    median = statistics.median(times)
    print(json.dumps({
        "model": arguments.model, "micro-batch": arguments.micro_batch,
        "images-per-second": arguments.micro_batch / median, "step-milliseconds": 1e3 * median,
        "fastest-milliseconds": 1e3 * min(times), "slowest-milliseconds": 1e3 * max(times), "steps": len(times),
        "version": torch.__version__, "kernels": torch.backends.cpu.get_cpu_capability(),
    }))


if __name__ == "__main__":
    main()
