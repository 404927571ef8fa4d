"""The network while it is trained: VGG-19's shape with batch norm, started from random numbers or from a finished
network.

It is trained as it is used: average pooling and replicated borders.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["DEPTHS", "Trunk", "calibrate", "convolution_names", "enliven", "fold", "revive", "start_from", "unit_means"]

DEPTHS = (2, 2, 4, 4, 4)  # convolutions in each block (Simonyan and Zisserman 2014, table 1, network E)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_NEW_CHANNELS_SPEAK = 0.1  # of the usual scale: the finished network is nearly unchanged where channels are added
_DEAD = 1e-3  # of its layer's mean activation: a channel that is nowhere higher says nothing
_FARTHEST_THRESHOLD = 2.0  # standard deviations above a channel's mean: about 2 % of all places lie beyond
_LEAST_SCALE = 0.1  # of a channel before its ReLU


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
    """Convolution, batch norm and ReLU sixteen times, average pooling between the blocks.

    Args:
        widths: channels of the five blocks.
        first: the first convolution that learns; those before it, and their batch norms, stay as they are.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, widths: tuple[int, ...], first: str = "conv1_1") -> None:
        super().__init__()
        self.widths, self.first = widths, first
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        channels = 3
        for block, name in convolution_names():
            convolution = nn.Conv2d(channels, widths[block], 3, padding=1, padding_mode="replicate", bias=False)
            self.convolutions[name] = convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.norms[name] = _Norm(widths[block])
            channels = widths[block]
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("std", torch.tensor(STD)[:, None, None])
        for _, name, convolution, norm in self.layers():
            for module in (convolution, norm):
                module.requires_grad_(self.learns(name))

    def learns(self, name: str) -> bool:
        """Whether a convolution learns."""
        names = [name for _, name in convolution_names()]
        return names.index(name) >= names.index(self.first)

    def train(self, mode: bool = True) -> Self:
        """As of any module, but for the batch norms that stay as they are."""
        super().train(mode)
        for _, name, _, norm in self.layers():
            norm.train(mode and self.learns(name))
        return self

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
def start_from(trunk: Trunk, tensors: dict[str, Tensor], images: Tensor, speak: float = _NEW_CHANNELS_SPEAK) -> None:
    """Fill the trunk with a finished network of the same or smaller widths, so that it computes nearly the same.

    New channels see with random filters and are hardly listened to (Net2Net, Chen et al. 2016, adds copies instead:
    these would have to be told apart first): ``speak`` is their share of the usual scale. Batch norm is put back with
    the statistics of ``images`` ``(B, 3, H, W)``.
    """
    x = trunk.enter(images)
    for block, name, convolution, norm in trunk.layers():
        weight, bias = tensors[f"{name}.weight"].float(), tensors[f"{name}.bias"].float()
        if block and name.endswith("_1"):
            x = F.avg_pool2d(x, 2)
        ours, (out, into) = convolution.weight, weight.shape[:2]
        nn.init.kaiming_normal_(ours)
        ours[:out, into:] *= speak
        ours[:out, :into] = weight
        z = convolution(x)
        mean, deviation = z.mean((0, 2, 3)), z.std((0, 2, 3))
        norm.weight[:out], norm.bias[:out] = deviation[:out], bias + mean[:out]
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(deviation.square())
        norm.eval()
        x = F.relu(norm(z))
    trunk.train()


@torch.no_grad()
def revive(trunk: Trunk, images: Tensor) -> int:
    """Give each dead channel that learns a random filter, as new channels have, and say how many there were.

    Dead is what is nowhere active in ``images`` ``(B, 3, H, W)``.
    """
    trunk.eval()
    x, dead, count = trunk.enter(images), torch.zeros(3, dtype=torch.bool), 0
    for block, name, convolution, norm in trunk.layers():
        if block and name.endswith("_1"):
            x = F.avg_pool2d(x, 2)
        if not trunk.learns(name):
            x, dead = F.relu(norm(convolution(x))), torch.zeros(convolution.out_channels, dtype=torch.bool)
            continue
        filters = torch.empty_like(convolution.weight)
        nn.init.kaiming_normal_(filters)
        convolution.weight[:, dead] = _NEW_CHANNELS_SPEAK * filters[:, dead]
        active = F.relu(norm(convolution(x)))
        dead = active.amax((0, 2, 3)) <= _DEAD * active.mean()
        convolution.weight[dead] = filters[dead]
        z = convolution(x)
        norm.running_mean[dead], norm.running_var[dead] = z.mean((0, 2, 3))[dead], z.var((0, 2, 3))[dead]
        norm.weight[dead], norm.bias[dead] = 1.0, 0.0
        x, count = F.relu(norm(z)), count + int(dead.sum())
    trunk.train()
    return count


@torch.no_grad()
def enliven(trunk: Trunk) -> None:
    """Keep every channel that learns within reach of its ReLU, so that none dies.

    After batch norm a channel has standard deviation |weight| and mean bias.
    """
    for _, name, _, norm in trunk.layers():
        if trunk.learns(name):
            small = norm.weight.abs() < _LEAST_SCALE
            norm.weight[small] = torch.where(norm.weight[small] < 0, -_LEAST_SCALE, _LEAST_SCALE)
            norm.bias.copy_(torch.maximum(norm.bias, -_FARTHEST_THRESHOLD * norm.weight.abs()))


@torch.no_grad()
def calibrate(trunk: Trunk, batches: list[Tensor]) -> None:
    """Measure batch norm's statistics anew, for weights that were averaged over steps."""
    norms = [norm for _, name, _, norm in trunk.layers() if trunk.learns(name)]
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
def unit_means(tensors: dict[str, Tensor], batches: list[Tensor], first: str = "conv1_1") -> dict[str, Tensor]:
    """Scale every layer from ``first`` on to mean activation 1 over ``batches``; the next layer's kernels take the
    scale back.

    The normalisation of Gatys et al. 2015, done exactly: a positive factor passes through ReLU and average pooling.
    """
    scaled, before = dict(tensors), 1.0
    means, names = _means(tensors, batches), [name for _, name in convolution_names()]
    for name in names[names.index(first) :]:
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
