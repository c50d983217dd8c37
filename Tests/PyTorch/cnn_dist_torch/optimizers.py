"""Thirty steps of a small conv-BN net by cnn-dist against PyTorch in double precision.

Same weights and batches: the training data is one micro-batch, so each step sees all of it whatever the order. Each
optimizer runs plain, with weight decay, with clipping by norm and by value, and with parameter groups of which one is
frozen, under two schedules. The losses of all steps and the weights at the end are compared.

    python -m cnn_dist_torch.optimizers --cnn-dist PROGRAM [--only adamw] [--steps 30]
"""

import argparse
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy
import safetensors.numpy
import torch

SAMPLES, SIDE, CLASSES = 32, 12, 4
LOSS_TOLERANCE, WEIGHT_TOLERANCE = 1e-6, 5e-6

MODEL = """
input: [1, 12, 12]
layers:
  - {name: conv1, convolution: {channels: 6, kernel: 3, padding: 1, bias: false}}
  - {name: bn1, batch-norm: {}}
  - tanh
  - {name: conv2, convolution: {channels: 8, kernel: 3, stride: 2, padding: 1, bias: false}}
  - {name: bn2, batch-norm: {}}
  - tanh
  - global-average-pool
  - flatten
  - {name: fc, dense: {features: 4}}
"""


class Small(torch.nn.Module):
    """The same net in PyTorch."""

    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 6, 3, padding=1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(6)
        self.conv2 = torch.nn.Conv2d(6, 8, 3, stride=2, padding=1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(8)
        self.fc = torch.nn.Linear(8, CLASSES)

    def forward(self, x):
        x = torch.tanh(self.bn1(self.conv1(x)))
        x = torch.tanh(self.bn2(self.conv2(x)))
        return self.fc(x.mean((2, 3)))


class LARS(torch.optim.Optimizer):
    """You, Gitman and Ginsburg 2017, algorithm 1; groups carry `adapt`."""

    def __init__(self, groups, lr, momentum, trust):
        super().__init__(groups, dict(lr=lr, momentum=momentum, trust=trust, weight_decay=0.0))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for w in group["params"]:
                g, decay = w.grad, group["weight_decay"]
                norms = w.norm(), g.norm()
                ratio = 1.0
                if group["adapt"] and norms[0] > 0 and norms[1] > 0:
                    ratio = group["trust"] * norms[0] / (norms[1] + decay * norms[0])
                v = self.state[w].setdefault("momentum", torch.zeros_like(w))
                v.mul_(group["momentum"]).add_(group["lr"] * ratio * (g + decay * w))
                w.sub_(v)


class LAMB(torch.optim.Optimizer):
    """You et al. 2020, algorithm 2; groups carry `adapt`."""

    def __init__(self, groups, lr, betas, eps):
        super().__init__(groups, dict(lr=lr, betas=betas, eps=eps, weight_decay=0.0))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            one, two = group["betas"]
            for w in group["params"]:
                state = self.state[w]
                m = state.setdefault("m", torch.zeros_like(w))
                v = state.setdefault("v", torch.zeros_like(w))
                t = state["t"] = state.get("t", 0) + 1
                m.mul_(one).add_((1 - one) * w.grad)
                v.mul_(two).add_((1 - two) * w.grad**2)
                direction = (m / (1 - one**t)) / ((v / (1 - two**t)).sqrt() + group["eps"])
                direction = direction + group["weight_decay"] * w
                norms = w.norm(), direction.norm()
                ratio = norms[0] / norms[1] if group["adapt"] and norms[0] > 0 and norms[1] > 0 else 1.0
                w.sub_(group["lr"] * ratio * direction)


O = torch.optim
# Name: our settings, rate, PyTorch's optimizer over groups that carry lr and weight_decay.
OPTIMIZERS = {
    "sgd": ({"sgd": {"momentum": 0.9}}, 0.05, lambda p, lr: O.SGD(p, lr=lr, momentum=0.9)),
    "nesterov": (
        {"sgd": {"momentum": 0.9, "nesterov": True}}, 0.05,
        lambda p, lr: O.SGD(p, lr=lr, momentum=0.9, nesterov=True)),
    "dampened": (
        {"sgd": {"momentum": 0.9, "dampening": 0.5}}, 0.05,
        lambda p, lr: O.SGD(p, lr=lr, momentum=0.9, dampening=0.5)),
    "adam": ({"adam": {}}, 0.002, lambda p, lr: O.Adam(p, lr=lr)),
    "adamw": ({"adamw": {"weight-decay": 0}}, 0.002, lambda p, lr: O.AdamW(p, lr=lr, weight_decay=0)),
    "rmsprop": (
        {"rmsprop": {"momentum": 0.5, "epsilon": 1e-4}}, 0.0005,
        lambda p, lr: O.RMSprop(p, lr=lr, momentum=0.5, eps=1e-4)),
    "centered": (
        {"rmsprop": {"centered": True, "epsilon": 1e-3, "alpha": 0.9}}, 0.0005,
        lambda p, lr: O.RMSprop(p, lr=lr, alpha=0.9, centered=True, eps=1e-3)),
    "adagrad": ({"adagrad": {"rate-decay": 0.01}}, 0.01, lambda p, lr: O.Adagrad(p, lr=lr, lr_decay=0.01)),
    "lars": ({"lars": {"trust": 0.02}}, 0.5, lambda p, lr: LARS(p, lr, 0.9, 0.02)),
    "lamb": ({"lamb": {}}, 0.01, lambda p, lr: LAMB(p, lr, (0.9, 0.999), 1e-6)),
}
VARIANTS = ["plain", "decay", "clip-norm", "clip-value", "groups"]
SCHEDULES = ["cosine", "step"]
DECAY = 0.02


def write_data(folder):
    """One batch of smooth random images as IDX files; returns it as PyTorch sees it."""
    random = numpy.random.default_rng(5)
    images = random.integers(0, 256, (SAMPLES, SIDE, SIDE), dtype=numpy.uint8)
    labels = (numpy.arange(SAMPLES) % CLASSES).astype(numpy.uint8)
    for name, magic, shape, data in [
        ("images", 0x803, images.shape, images), ("labels", 0x801, labels.shape, labels)
    ]:
        header = struct.pack(">" + "I" * (1 + len(shape)), magic, *shape)
        (folder / name).write_bytes(header + data.tobytes())
    (folder / "model.yaml").write_text(MODEL)
    x = torch.from_numpy(images).double().unsqueeze(1) / 255
    return (x - 0.5) / 0.5, torch.from_numpy(labels).long()


def train(program, folder, name, train):
    """Runs cnn-dist; returns the losses of all steps and the weights at the end."""
    run = folder / name
    configuration = {
        "seed": 3, "lanes": 1, "model": {"file": str(folder / "model.yaml")},
        "data": {
            "format": "idx", "path": str(folder), "images": "images", "labels": "labels", "test-images": "images",
            "test-labels": "labels", "normalize": {"mean": [0.5], "std": [0.5]}},
        "train": {"global-batch": SAMPLES, "micro-batch": SAMPLES, **train},
        "evaluate": {"every-epochs": None}, "checkpoint": {"every-epochs": None}, "numerics": {"winograd": "off"},
    }
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(configuration))
    command = [program, "train", str(path), "--run-dir", str(run)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    losses = [json.loads(line)["loss"] for line in (run / "ledger.jsonl").read_text().splitlines()]
    return losses, safetensors.numpy.load_file(run / "checkpoints" / "latest" / "model.safetensors")


def our_settings(optimizer, variant, schedule, steps):
    settings, rate, _ = OPTIMIZERS[optimizer]
    (word, keys), = settings.items()
    if variant == "decay":
        keys = {**keys, "weight-decay": DECAY, "decay-all": True}
    train = {"steps": steps, "optimizer": {word: keys}}
    if schedule == "cosine":
        train["schedule"] = {"cosine": {"peak": rate, "final": rate / 10}}
    else:
        train["schedule"] = {"step": {"rate": rate, "every-epochs": 10, "factor": 0.3}}
    if variant == "clip-norm":
        train["clip"] = {"norm": {"maximum": 0.1}}
    if variant == "clip-value":
        train["clip"] = {"value": {"maximum": 0.01}}
    if variant == "groups":
        train["groups"] = [
            {"match": "conv1.*", "freeze": True}, {"match": "*.bias", "rate": 2},
            {"match": "fc.*", "weight-decay": 0.05}]
    return train


def reference(optimizer, variant, schedule, steps, start, batch):
    """PyTorch's losses and weights, in double precision."""
    net = Small().double()
    net.load_state_dict({k: torch.from_numpy(v) for k, v in start.items()}, strict=True)
    net.train()
    rate, make = OPTIMIZERS[optimizer][1:]
    groups = []
    for name, w in net.named_parameters():
        group = dict(
            params=[w], lr=rate, weight_decay=DECAY if variant == "decay" else 0.0, adapt=w.dim() > 1)
        if variant == "groups":
            w.requires_grad = not name.startswith("conv1.")
            group["lr"] = rate * (2 if name.endswith(".bias") else 1)
            group["weight_decay"] = 0.05 if name.startswith("fc.") else 0.0
        if w.requires_grad:
            groups.append(group)
    descent = make(groups, rate)
    if schedule == "cosine":
        ends = [group["lr"] for group in descent.param_groups]
        factor = lambda t: 0.1 + 0.9 * (1 + math.cos(math.pi * t / steps)) / 2
        rates = torch.optim.lr_scheduler.LambdaLR(descent, [factor] * len(ends))
    else:
        rates = torch.optim.lr_scheduler.StepLR(descent, 10, 0.3)
    losses = []
    for _ in range(steps):
        descent.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(batch[0]), batch[1])
        loss.backward()
        weights = [w for w in net.parameters() if w.requires_grad]
        if variant == "clip-norm":
            torch.nn.utils.clip_grad_norm_(weights, 0.1)
        if variant == "clip-value":
            torch.nn.utils.clip_grad_value_(weights, 0.01)
        descent.step()
        rates.step()
        losses.append(loss.item())
    return losses, {k: v.detach().numpy() for k, v in net.state_dict().items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cnn-dist", required=True, help="the program")
    parser.add_argument("--only", help="one optimizer")
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        batch = write_data(folder)
        # A rate that changes no float shows the weights that every run begins with.
        quiet = {"steps": 1, "optimizer": {"sgd": {"momentum": 0}}, "schedule": {"constant": {"rate": 1e-30}}}
        _, start = train(options.cnn_dist, folder, "start", quiet)
        for name, fresh in [("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0)]:
            for key in [key for key in start if key.endswith(name)]:
                start[key][...] = fresh
        for optimizer in [options.only] if options.only else OPTIMIZERS:
            for variant in VARIANTS:
                for schedule in SCHEDULES:
                    case = f"{optimizer}-{variant}-{schedule}"
                    settings = our_settings(optimizer, variant, schedule, options.steps)
                    losses, weights = train(options.cnn_dist, folder, case, settings)
                    theirs = reference(optimizer, variant, schedule, options.steps, start, batch)
                    loss = max(abs(a - b) / abs(b) for a, b in zip(losses, theirs[0], strict=True))
                    weight = max(
                        numpy.abs(weights[k] - v).max() for k, v in theirs[1].items()
                        if not k.endswith("num_batches_tracked"))
                    isRight = loss <= LOSS_TOLERANCE and weight <= WEIGHT_TOLERANCE
                    failures += not isRight
                    print(
                        f"{case:30} loss {losses[0]:.4f} -> {losses[-1]:.4f}, relative difference {loss:.1e}, "
                        f"weights {weight:.1e}  {'right' if isRight else 'WRONG'}", flush=True)
    print(f"{failures} wrong")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
