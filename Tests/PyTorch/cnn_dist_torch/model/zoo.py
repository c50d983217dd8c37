"""The models of cnn-dist's zoo in PyTorch, with the same parameter names: a state_dict of one loads into the other.

Where torchvision has a model, the names are torchvision's.
"""

from torch import Tensor, nn


class Classifier(nn.Module):
    """A model that gives one number per class."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes


class LeNet5(Classifier):
    """LeCun et al. 1998, with ReLU and max pooling; images of 28×28 are padded to 32×32 by the first layer."""

    def __init__(self, channels: int = 1, classes: int = 10) -> None:
        super().__init__(classes)
        self.conv1 = nn.Conv2d(channels, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.relu(self.conv1(x)))
        x = self.pool(self.relu(self.conv2(x))).flatten(1)
        return self.fc3(self.relu(self.fc2(self.relu(self.fc1(x)))))


class MLP(Classifier):
    """One hidden layer of 128 rectified units."""

    def __init__(self, inputs: int = 28 * 28, classes: int = 10) -> None:
        super().__init__(classes)
        self.fc1 = nn.Linear(inputs, 128)
        self.fc2 = nn.Linear(128, classes)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.relu(self.fc1(x.flatten(1))))


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution in front of a batch normalization, which keeps height and width but for its stride."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """The short way round a residual block: where the shape changes, a strided 1×1 convolution."""
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


def start_as_torchvision(model: nn.Module) -> None:
    """Draws the weights of convolutions so that the gradient keeps its size through many layers (He et al. 2015)."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and the short way round them."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = convolution(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.downsample = shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + self.downsample(x))


class Bottleneck(nn.Module):
    """A 3×3 convolution between two of 1×1, and the short way round them. The 3×3 convolution has the stride."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = self.expansion * width
        self.conv1 = convolution(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = convolution(width, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()
        self.downsample = shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(y)))))
        return self.relu(y + self.downsample(x))


class ResNet(Classifier):
    """He et al. 2015, with projections (option B): the stem, stages `layer1` and on, and the mean of all positions."""

    def __init__(
        self, block: type[BasicBlock] | type[Bottleneck], stages: list[tuple[int, int]], large_images: bool,
        classes: int,
    ) -> None:
        """`stages` holds the width and the number of blocks of each."""
        super().__init__(classes)
        inputs = stages[0][0]
        self.conv1 = convolution(3, inputs, 7, 2) if large_images else convolution(3, inputs, 3)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1) if large_images else nn.Identity()
        self.stages = [f"layer{index + 1}" for index in range(len(stages))]
        for name, (width, count) in zip(self.stages, stages):
            strides = [1 if name == "layer1" else 2] + [1] * (count - 1)
            blocks = []
            for stride in strides:
                blocks.append(block(inputs, width, stride))
                inputs = block.expansion * width
            self.add_module(name, nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, classes)
        start_as_torchvision(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for name in self.stages:
            x = self.get_submodule(name)(x)
        return self.fc(x.mean((2, 3)))


def resnet20() -> ResNet:
    """ResNet-20 of He et al. 2015, section 4.2."""
    return ResNet(BasicBlock, [(16, 3), (32, 3), (64, 3)], large_images=False, classes=10)


def resnet18_cifar() -> ResNet:
    """torchvision's `resnet18` with a 3×3 stem and without max pooling."""
    return ResNet(BasicBlock, [(64, 2), (128, 2), (256, 2), (512, 2)], large_images=False, classes=10)


def resnet50() -> ResNet:
    """torchvision's `resnet50`."""
    return ResNet(Bottleneck, [(64, 3), (128, 4), (256, 6), (512, 3)], large_images=True, classes=1000)


class SeparableConvolution(nn.Module):
    """A convolution of each channel alone, and one of 1×1 that mixes them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = convolution(inputs, inputs, 3, stride, groups=inputs)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv2 = convolution(inputs, outputs, 1)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)))


class MobileNet(Classifier):
    """Howard et al. 2017 for 32×32 images: the first convolution and the second block do not stride. The names are
    those of the model in the repository pytorch-cifar."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__(classes)
        self.conv1 = convolution(3, 32, 3)
        self.bn1 = nn.BatchNorm2d(32)
        self.relu = nn.ReLU()
        blocks = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
        inputs = [32] + [outputs for outputs, _ in blocks]
        self.layers = nn.Sequential(*(SeparableConvolution(i, *block) for i, block in zip(inputs, blocks)))
        self.linear = nn.Linear(1024, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(self.relu(self.bn1(self.conv1(x))))
        return self.linear(x.mean((2, 3)))


def vgg_features(convolutions: list[int], normalized: bool) -> nn.Sequential:
    """Five stages of 3×3 convolutions, so many each, with max pooling behind every one."""
    layers: list[nn.Module] = []
    inputs = 3
    for channels, count in zip([64, 128, 256, 512, 512], convolutions):
        for _ in range(count):
            layers.append(nn.Conv2d(inputs, channels, 3, padding=1))
            layers += [nn.BatchNorm2d(channels), nn.ReLU()] if normalized else [nn.ReLU()]
            inputs = channels
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


class VGG11(Classifier):
    """Simonyan and Zisserman 2014, configuration A with batch normalization, and one dense layer for 32×32 images."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__(classes)
        self.features = vgg_features([1, 1, 2, 2, 2], normalized=True)
        self.classifier = nn.Linear(512, classes)
        start_as_torchvision(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


class VGG19(Classifier):
    """Simonyan and Zisserman 2014, configuration E: torchvision's `vgg19` for 224×224 images."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__(classes)
        self.features = vgg_features([2, 2, 4, 4, 4], normalized=False)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout(),
            nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(),
            nn.Linear(4096, classes),
        )
        start_as_torchvision(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


# The name in cnn-dist's zoo, the constructor, and the shape of one image.
ZOO = {
    "mlp": (MLP, (1, 28, 28)),
    "lenet5": (LeNet5, (1, 28, 28)),
    "resnet20": (resnet20, (3, 32, 32)),
    "mobilenet-cifar": (MobileNet, (3, 32, 32)),
    "vgg11-cifar": (VGG11, (3, 32, 32)),
    "resnet18-cifar": (resnet18_cifar, (3, 32, 32)),
    "resnet50": (resnet50, (3, 224, 224)),
    "vgg19": (VGG19, (3, 224, 224)),
}
