"""What tests are painted from: seeded pictures, and narrow networks of seeded random numbers in the shape of VGG."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.weights.manifest import NORMALIZATIONS, Normalization
from impasto.weights.network import SHAPES, NetworkWeights, convolution_names

DEVICE = "cpu"
"""Where the tests that take a device compute: what pytest's option --device says, from before they are imported."""

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def picture(height: int = 48, width: int = 64, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Soft coloured shapes under fine grain, ``(1, 3, height, width)`` in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    shapes = torch.rand(1, 3, 5, 7, generator=generator, dtype=dtype)
    grain = torch.rand(1, 3, height, width, generator=generator, dtype=dtype)
    return 0.7 * F.interpolate(shapes, size=(height, width), mode="bilinear", align_corners=False) + 0.3 * grain


def random_weights(
    widths: tuple[int, ...] = (4, 5, 6, 7, 8),
    *,
    shape: str = "VGG-19",
    count: int = 16,
    normalization: Normalization = NORMALIZATIONS["torchvision"],
    positive: bool = False,
) -> NetworkWeights:
    """The first ``count`` convolutions of a VGG whose five blocks have ``widths`` channels, He-initialised."""
    generator = torch.Generator().manual_seed(3)
    outs = [width for width, length in zip(widths, SHAPES[shape], strict=True) for _ in range(length)]
    convolutions = {}
    for name, channels, width in list(zip(convolution_names(SHAPES[shape]), [3, *outs], outs, strict=False))[:count]:
        weight = torch.randn(width, channels, 3, 3, generator=generator) * (2 / (9 * channels)) ** 0.5
        bias = torch.randn(width, generator=generator) * 0.1
        # Positive kernels and a bias that keeps every ReLU open: then each pixel that can matter does.
        convolutions[name] = (weight.abs() + 0.01, bias.abs() + 30) if positive else (weight, bias)
    return NetworkWeights(convolutions, normalization)


def plain_features(weights: NetworkWeights, image: Tensor, pooling: str, padding: str) -> dict[str, Tensor]:
    """Every layer of a network that takes what torchvision's does, in the format of ``image``: one line an
    operation."""
    mean = image.new_tensor([0.485, 0.456, 0.406])[:, None, None]
    std = image.new_tensor([0.229, 0.224, 0.225])[:, None, None]
    x, found = (image - mean) / std, {}
    for name, (weight, bias) in weights.convolutions.items():
        if name.endswith("_1") and name != "conv1_1":
            x = F.max_pool2d(x, 2) if pooling == "max" else F.avg_pool2d(x, 2)
        replicate = padding == "replicate-all" or (padding == "replicate" and name == "conv1_1")
        x = F.pad(x, (1, 1, 1, 1), mode="replicate" if replicate else "constant")
        x = F.relu(F.conv2d(x, weight.to(x), bias.to(x)))
        found[name.replace("conv", "relu")] = x
    return found
