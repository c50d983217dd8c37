"""Where layers have no derivative.

Within a rounding error of a kink two correct programs may take different sides, and a single unit on the other side
changes a gradient by a hundredth. So each layer with kinks says here how far its input is from them: numbers that are
zero at a kink, and move no more than a few times as much as the input does.

A number that is exactly zero is no danger: it comes from a plateau (max pooling over the zeros behind a ReLU, or over
what dropout has cut), behind which no gradient flows, or from copies of one number, whose gradients are added up again.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cnn_dist_torch.model import geometry
from cnn_dist_torch.model.geometry import extent
from cnn_dist_torch.model.operators import LpPool
from cnn_dist_torch.step.losses import Loss


def _at(*places: float) -> Callable[[nn.Module, Tensor], Tensor]:
    """Kinks of an element-wise function."""
    return lambda layer, x: torch.stack([x - place for place in places])


def _lead(taps: Tensor, axis: int) -> Tensor:
    """How far the largest number of each window is ahead of the second."""
    if taps.shape[axis] < 2:
        return taps.new_zeros(0)
    first, second = taps.topk(2, axis).values.unbind(axis)
    # Where a window has one tap on the input, no other can overtake it.
    return torch.where(second.isinf(), 0, first - second)


def _max_pool(layer: nn.MaxPool2d, x: Tensor) -> Tensor:
    output = layer.forward(x).shape[2:]
    kernel, stride, padding, dilation = map(
        extent, (layer.kernel_size, layer.stride, layer.padding, layer.dilation))
    return _lead(geometry.windows(x, output, kernel, stride, padding, dilation, -torch.inf), 2)


def _lp_pool(layer: LpPool, x: Tensor) -> Tensor:
    # |x|^p has a kink at zero for p ≤ 1; for larger p only the root has, where a whole window is zero.
    return x if layer.exponent <= 1 else layer.forward(x)


_KINKS: dict[type[nn.Module], Callable[[nn.Module, Tensor], Tensor]] = {
    nn.ReLU: _at(0),
    nn.LeakyReLU: _at(0),
    nn.PReLU: _at(0),
    nn.ELU: lambda layer, x: x if layer.alpha != 1 else x.new_zeros(0),
    nn.ReLU6: _at(0, 6),
    nn.Hardsigmoid: _at(-3, 3),
    nn.Hardswish: _at(-3, 3),
    nn.MaxPool2d: _max_pool,
    nn.AdaptiveMaxPool2d: lambda layer, x: _lead(x.flatten(2), 2),
    LpPool: _lp_pool,
}


def of_pass(model: nn.Module, run: Callable[[], object]) -> list[Tensor]:
    """The distances from kinks of all layers of a model while `run` sends a batch through it."""
    found: list[Tensor] = []

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found.append(_KINKS[type(layer)](layer, inputs[0].detach()).flatten())

    hooks = [layer.register_forward_pre_hook(note) for layer in model.modules() if type(layer) in _KINKS]
    with torch.no_grad():
        run()
    for hook in hooks:
        hook.remove()
    return found


def of_loss(loss: Loss, output: Tensor, labels: Tensor) -> Tensor:
    """The distances from the kinks of a loss."""
    return loss.kinks(output.detach(), labels)
