"""One forward and backward pass by PyTorch: random batches that fit a model, and everything that comes out of one.

Works on models from model files and on those of the zoo (model/zoo.py), which have no heads.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from cnn_dist_torch.model.from_yaml import Model
from cnn_dist_torch.step import kinks
from cnn_dist_torch.step.losses import PAIRWISE, Loss, total

Tensors = dict[str, Tensor]


def randomized(model: nn.Module) -> nn.Module:
    """Moves everything that a new network has at 0 or 1 away from there."""
    for name, parameter in model.named_parameters():
        if name.endswith("layer_scale"):
            # A new block of ConvNeXt adds nearly nothing; here its errors shall be seen.
            own = torch.where(parameter.abs() < 0.01, 1, parameter)
            parameter.data = own.detach() * torch.empty_like(parameter).uniform_(0.5, 1.5)
    for layer in model.modules():
        if isinstance(layer, (nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.LayerNorm)):
            if layer.weight is not None:
                nn.init.uniform_(layer.weight, 0.5, 1.5)
                nn.init.normal_(layer.bias, 0, 0.2)
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean, 0, 0.5)
            nn.init.uniform_(layer.running_var, 0.5, 2)
    return model


def forward(model: nn.Module, images: Tensor, masks: Tensors) -> tuple[Tensor, Tensors]:
    """The output, and the outputs of the heads by path."""
    if isinstance(model, Model):
        return model(images, masks)
    with given_masks(model, masks):
        return model(images), {}


@contextmanager
def given_masks(model: nn.Module, masks: Tensors) -> Iterator[None]:
    """Lets PyTorch's own dropout layers multiply by masks from outside; without one a layer draws its own."""

    def multiply(path: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
        return lambda layer, inputs, output: inputs[0] * masks[path].to(inputs[0].dtype).reshape(inputs[0].shape)

    layers = [(path, layer) for path, layer in model.named_modules() if isinstance(layer, nn.Dropout) and path in masks]
    hooks = [layer.register_forward_hook(multiply(path)) for path, layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def losses_of_heads(model: nn.Module, loss: Loss) -> dict[str, Loss]:
    """The loss of each head by path."""
    return {path: head.loss or loss for path, head in model.heads.items()} if isinstance(model, Model) else {}


def loss_of_step(model: nn.Module, loss: Loss, output: Tensor, heads: Tensors, batch: Tensors) -> Tensor:
    """The loss that is minimised, heads included."""
    labels = batch.get("labels")
    losses = losses_of_heads(model, loss)
    weighted = {
        path: (model.heads[path].weight, losses[path].per_sample(x, labels, batch.get(f"targets.{path}")))
        for path, x in heads.items()
    }
    return total(loss.per_sample(output, labels, batch.get("targets")), weighted)


def step(model: nn.Module, loss: Loss, batch: Tensors, masks: Tensors) -> Tensors:
    """What `cnn-dist debug step --image-gradient` writes, in the precision of the model's images."""
    images = batch["images"].requires_grad_()
    output, heads = forward(model, images, masks)
    value = loss_of_step(model, loss, output, heads, batch)
    value.backward()
    results = {"logits": output.detach(), "loss": value.detach()}
    results |= {f"head.{path}": x.detach() for path, x in heads.items()}
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()} | {"images": images.grad}
    results |= {f"grad.{name}": gradient for name, gradient in gradients.items()}
    return results | {name: value for name, value in model.named_buffers() if value.is_floating_point()}


def kinks_of_step(model: nn.Module, loss: Loss, batch: Tensors, masks: Tensors) -> list[Tensor]:
    """The distances from all kinks of the layers and losses."""
    outputs: list[tuple[Tensor, Tensors]] = []
    found = kinks.of_pass(model, lambda: outputs.append(forward(model, batch["images"], masks)))
    output, heads = outputs[0]
    pairs = [(loss, output), *((losses_of_heads(model, loss)[path], x) for path, x in heads.items())]
    return found + [kinks.of_loss(loss, x, batch["labels"]) for loss, x in pairs]


def random_batch(model: nn.Module, input_shape: tuple[int, ...], loss: Loss, samples: int) -> Tensors:
    """Images with the labels and target values that the losses read."""
    batch = {"images": torch.randn(samples, *input_shape)}
    if not isinstance(model, Model):
        return batch | {"labels": torch.randint(0, model.classes, (samples,))}
    outputs = {"targets": (loss, model.output_shape)}
    outputs |= {f"targets.{path}": (head.loss or loss, head.shape) for path, head in model.heads.items()}
    batch["labels"] = _labels(samples, list(outputs.values()))
    for key, (loss, shape) in outputs.items():
        if loss.reads_values:
            batch[key] = _values(loss, (samples, *shape))
    return batch


def _labels(samples: int, outputs: list[tuple[Loss, tuple[int, ...]]]) -> Tensor:
    """Labels that fit every loss; the first, of the model's output, says whether there is one per position."""
    classes = min((shape[0] for loss, shape in outputs if loss.reads_labels_per_position), default=outputs[0][1][0])
    loss, shape = outputs[0]
    if any(loss.word in PAIRWISE for loss, _ in outputs):
        # Every class twice, so that there is something to compare.
        return torch.randperm(samples) % max(min(classes, samples // 2), 1)
    positions = shape[1:] if loss.reads_labels_per_position else ()
    return torch.randint(0, classes, (samples, *positions))


def _values(loss: Loss, shape: tuple[int, ...]) -> Tensor:
    """Probabilities for the losses that take probabilities, else any numbers."""
    if loss.word == "binary-cross-entropy":
        return torch.rand(shape)
    values = torch.randn(shape)
    # In float64, whose rounding to float32 no processor's instructions change: these numbers are stored as fixtures.
    return values.double().softmax(1).float() if loss.word == "cross-entropy" else values
