"""The network while it is trained: VGG-19's shape with batch norm, started from random numbers or from a finished network.

It is trained as it is used: average pooling and replicated borders.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["DEPTHS", "Trunk", "calibrate", "convolution_names", "fold", "start_from", "unit_means"]

DEPTHS = (2, 2, 4, 4, 4)  # convolutions in each block (Simonyan and Zisserman 2014, table 1, network E)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_NEW_CHANNELS_SPEAK = 0.1  # of the usual scale: the finished network is nearly unchanged where channels are added


def convolution_names() -> Iterator[tuple[int, str]]:
    """``(block, name)`` of all sixteen, in order."""
    for block, depth in enumerate(DEPTHS):
        for n in range(depth):
            yield block, f"conv{block + 1}_{n + 1}"


class _Norm(nn.BatchNorm2d):
    """Batch norm that follows its statistics, as it always does here."""

    running_mean: Tensor
    running_var: Tensor


class Trunk(nn.Module):
    """Convolution, batch norm and ReLU sixteen times, average pooling between the blocks."""

    mean: Tensor
    std: Tensor

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.widths = widths
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        channels = 3
        for block, name in convolution_names():
            convolution = nn.Conv2d(channels, widths[block], 3, padding=1, padding_mode="replicate", bias=False)
            self.convolutions[name] = convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.norms[name] = _Norm(widths[block])
            channels = widths[block]
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("std", torch.tensor(STD)[:, None, None])

    def enter(self, images: Tensor) -> Tensor:
        """RGB in [0, 1] to what the first convolution sees."""
        entered: Tensor = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        return entered

    def layers(self) -> Iterator[tuple[int, str, nn.Conv2d, _Norm]]:
        """``(block, name, convolution, norm)`` of all sixteen, in order."""
        for block, name in convolution_names():
            yield block, name, cast(nn.Conv2d, self.convolutions[name]), cast(_Norm, self.norms[name])

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """The last features of each block, ``{"relu1_2": ..., "relu5_4": ...}``, of RGB ``(B, 3, H, W)`` in [0, 1]."""
        x, found = self.enter(images), {}
        for block, name, convolution, norm in self.layers():
            if block and name.endswith("_1"):
                x = F.avg_pool2d(x, 2)
            x = F.relu(norm(convolution(x)), inplace=True)
            if name.endswith(f"_{DEPTHS[block]}"):
                found[name.replace("conv", "relu")] = x
        return found


@torch.no_grad()
def start_from(trunk: Trunk, tensors: dict[str, Tensor], images: Tensor) -> None:
    """Fill the trunk with a finished network of the same or smaller widths, so that it computes nearly the same.

    New channels see with random filters and are hardly listened to (Net2Net, Chen et al. 2016, adds copies instead: these
    would have to be told apart first). Batch norm is put back with the statistics of ``images`` ``(B, 3, H, W)``.
    """
    x = trunk.enter(images)
    for block, name, convolution, norm in trunk.layers():
        weight, bias = tensors[f"{name}.weight"].float(), tensors[f"{name}.bias"].float()
        if block and name.endswith("_1"):
            x = F.avg_pool2d(x, 2)
        ours, (out, into) = convolution.weight, weight.shape[:2]
        nn.init.kaiming_normal_(ours)
        ours[:out, into:] *= _NEW_CHANNELS_SPEAK
        ours[:out, :into] = weight
        z = convolution(x)
        mean, deviation = z.mean((0, 2, 3)), z.std((0, 2, 3))
        norm.weight[:out], norm.bias[:out] = deviation[:out], bias + mean[:out]
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(deviation.square())
        norm.eval()
        x = F.relu(norm(z))
        norm.train()


@torch.no_grad()
def calibrate(trunk: Trunk, batches: list[Tensor]) -> None:
    """Measure batch norm's statistics anew, for weights that were averaged over steps."""
    norms = [norm for *_, norm in trunk.layers()]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    trunk.train()
    for images in batches:
        with torch.autocast("cpu", torch.bfloat16):
            trunk(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


@torch.no_grad()
def fold(trunk: Trunk) -> dict[str, Tensor]:
    """Convolutions with a bias that compute what convolution and batch norm did."""
    tensors = {}
    for _, name, convolution, norm in trunk.layers():
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        tensors[f"{name}.weight"] = convolution.weight * scale[:, None, None, None]
        tensors[f"{name}.bias"] = norm.bias - norm.running_mean * scale
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


@torch.no_grad()
def unit_means(tensors: dict[str, Tensor], batches: list[Tensor]) -> dict[str, Tensor]:
    """Scale every layer to mean activation 1 over ``batches`` and take the scale back in the next layer's kernels.

    The normalisation of Gatys et al. 2015, done exactly: a positive factor passes through ReLU and average pooling.
    """
    scaled, before = dict(tensors), 1.0
    means = _means(tensors, batches)
    for _, name in convolution_names():
        scaled[f"{name}.weight"] = tensors[f"{name}.weight"] * (before / means[name])
        scaled[f"{name}.bias"] = tensors[f"{name}.bias"] / means[name]
        before = means[name]
    return scaled


def _means(tensors: dict[str, Tensor], batches: list[Tensor]) -> dict[str, float]:
    totals = {name: 0.0 for _, name in convolution_names()}
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    for images in batches:
        x = (images - mean) / std
        for block, name in convolution_names():
            if block and name.endswith("_1"):
                x = F.avg_pool2d(x, 2)
            padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
            x = F.relu(F.conv2d(padded, tensors[f"{name}.weight"], tensors[f"{name}.bias"]))
            totals[name] += x.mean().item() / len(batches)
    return totals
