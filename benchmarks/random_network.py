"""Networks of seeded random numbers in the shape of VGG: what a trained one has to beat."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from impasto.backbones.compact import compact
from impasto.weights.manifest import NORMALIZATIONS
from impasto.weights.network import BLOCKS, CONVOLUTIONS, Convolutions, NetworkWeights

WIDTHS = (64, 128, 256, 512, 512)  # of VGG-19's blocks


def he_normal(widths: Mapping[str, int], seed: int = 0) -> Convolutions:
    """Kernels of variance 2 / inputs and no biases (He et al. 2015, equation 10), so that activations keep their scale.

    ``widths`` are the channels of each convolution by name, in order.
    """
    generator, convolutions, channels = torch.Generator().manual_seed(seed), {}, 3
    for name, width in widths.items():
        weight = torch.randn(width, channels, 3, 3, generator=generator) * (2 / (9 * channels)) ** 0.5
        convolutions[name] = (weight, torch.zeros(width))
        channels = width
    return convolutions


def random_vgg(seed: int = 0) -> NetworkWeights:
    """VGG-19's widths, filled with random numbers."""
    outs = [width for width, length in zip(WIDTHS, BLOCKS, strict=True) for _ in range(length)]
    return NetworkWeights(he_normal(dict(zip(CONVOLUTIONS, outs, strict=True)), seed), NORMALIZATIONS["torchvision"])


def random_like(weights: NetworkWeights, seed: int, pictures: Tensor) -> NetworkWeights:
    """A random network of the same shape and input, every layer scaled to mean activation 1 as those of the embedded
    one are."""
    widths = {name: weight.shape[0] for name, (weight, _) in weights.convolutions.items()}
    return unit_means(NetworkWeights(he_normal(widths, seed), weights.normalization), pictures)


@torch.no_grad()
def unit_means(weights: NetworkWeights, pictures: Tensor) -> NetworkWeights:
    """Every layer scaled to mean activation 1 over ``pictures`` ``(B, 3, H, W)``, and the scale taken back in the next
    one.

    The normalisation of Gatys et al. 2015, done exactly: a positive factor passes through ReLU and average pooling.
    """
    layers = {name: name.replace("conv", "relu") for name in weights.convolutions}
    features = compact(weights)(pictures, layers.values())
    scaled, before = {}, 1.0
    for name, (weight, bias) in weights.convolutions.items():
        mean = features[layers[name]].mean().item()
        scaled[name] = (weight * (before / mean), bias / mean)
        before = mean
    return NetworkWeights(scaled, weights.normalization)
