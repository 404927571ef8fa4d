"""Learning of a style from pictures, at several sizes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import torch
from torch import Tensor

from ..backbones import Backbone
from ..config import STYLE_BANK, STYLE_SIZES, StylizeConfig
from ..errors import ConfigError
from ..losses import Sums
from .patch_bank import all_rows
from .picture_style import SHORTEST, PictureStyle, learn
from .style import StyleTargets
from .style_file import FORMAT, LearntStyle
from .views import views

__all__ = ["Ladder", "Sources", "learn_ladder"]

_COLORS = 4096  # pixels in the sample of colours


@dataclass(frozen=True)
class Sources:
    """What a style is learnt from. A style file names it.

    Attributes:
        pictures: ``name`` and ``sha256`` of each picture.
        weights: ``id`` and ``sha256`` of the network's weights.
    """

    pictures: Sequence[Mapping[str, Any]]
    weights: Mapping[str, str]


@dataclass(frozen=True)
class Ladder:
    """The sizes at which a style is learnt.

    Attributes:
        sizes: in px along ``config.side``, in any order, each 16 or more.
        bank: the most hypercolumns kept at a size; if there are more, only the pictures are kept.

    Raises:
        ConfigError: there are no sizes, or one is below 16 px.
    """

    sizes: Sequence[int] = STYLE_SIZES
    bank: int = STYLE_BANK

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < SHORTEST:
            given = ", ".join(map(str, self.sizes)) or "none"
            raise ConfigError(f"sizes are {given}", f"give whole numbers of {SHORTEST} px or more")


@torch.no_grad()
def learn_ladder(
    style: PictureStyle,
    sources: Sources,
    config: StylizeConfig,
    backbone: Backbone,
    ladder: Ladder,
    callback: Callable[[int], None] = lambda size: None,
) -> LearntStyle:
    """Compute the targets of a style at each size of a ladder.

    Args:
        style: one picture, or several whose statistics are pooled.
        sources: recorded in the style.
        config: resolved. Statistics are kept of its style layers, and hypercolumns if it matches neighbours.
        backbone: the network, made from the weights of ``sources``.
        ladder: sizes, and the limit of hypercolumns.
        callback: called with each size that is finished.

    Returns:
        The `LearntStyle`.
    """
    tensors = {"colors": _colors(style.colors)}
    for size in sorted(set(ladder.sizes)):
        level = _level(style, size, ladder.bank, config, backbone)
        tensors |= {f"{size}/{name}": tensor for name, tensor in level.items()}
        callback(size)
    return LearntStyle(tensors, _facts(sources, config))


def _level(style: PictureStyle, size: int, most: int, config: StylizeConfig, backbone: Backbone) -> dict[str, Tensor]:
    """The tensors of one size, see `LearntStyle`. ``most`` is the limit of hypercolumns."""
    pictures = [picture.to(backbone.device) for picture in style.resized(size, config)]
    matches = bool(config.neighbour_weight and config.neighbour_layers)
    rows = sum(view.rows for p, share in zip(pictures, style.shares, strict=True) for view in views(p, config, share))
    with_bank = matches and config.neighbour_match == "hypercolumns" and rows <= most
    asked = config if with_bank else config.overlay({"neighbour_weight": 0.0})
    first, *rest = (learn(p, asked, backbone, share) for p, share in zip(pictures, style.shares, strict=True))
    known = sum(rest, first)
    tensors = {f"stats/{layer}": _packed(stats) for layer, stats in known.stats.items()}
    if matches:
        tensors |= {f"picture/{k}": picture[0].half().cpu() for k, picture in enumerate(pictures)}
    return {**tensors, **(_bank(known, config, backbone) if with_bank else {})}


def _packed(stats: Sums) -> Tensor:
    """The sums of f f^T, f and 1 over positions as one matrix, ``(C + 1, C + 1)``."""
    above = torch.cat([stats.second, stats.first[:, None]], dim=1)
    below = torch.cat([stats.first, stats.positions[None]])
    return torch.cat([above, below[None]]).float().cpu().contiguous()


def _bank(known: StyleTargets, config: StylizeConfig, backbone: Backbone) -> dict[str, Tensor]:
    """The hypercolumns of each layer in float16, divided by their maximum, which may exceed the range of float16."""
    layers = config.neighbour_layers or ()
    tensors = {}
    for layer, columns in zip(
        layers,
        torch.split(all_rows(known.bank), [backbone.layers[layer].channels for layer in layers], dim=1),
        strict=True,
    ):
        peak = columns.abs().max().clamp_min(1e-30)
        tensors[f"bank/{layer}"] = (columns / peak).half().cpu().contiguous()
        tensors[f"peak/{layer}"] = peak.float().cpu()
    return tensors


def _colors(pixels: Tensor) -> Tensor:
    """A sample ``(3, n)`` of the pixels ``(1, 3, 1, N)``, mapped linearly to the mean and covariance of all pixels."""
    whole = pixels.flatten(2)[0].double()
    if whole.shape[1] <= _COLORS:
        return whole.float()
    some = whole[:, torch.randperm(whole.shape[1], generator=torch.Generator().manual_seed(0))[:_COLORS]]
    (mean, root), (wanted, wanted_root) = _moments(some), _moments(whole)
    moved: Tensor = wanted_root @ torch.linalg.solve_triangular(root, some - mean, upper=False) + wanted
    return moved.float()


def _moments(columns: Tensor) -> tuple[Tensor, Tensor]:
    """Mean ``(3, 1)`` and Cholesky factor of the covariance, which is regularised by 1e-12 for grey pictures."""
    mean = columns.mean(1, keepdim=True)
    covariance = (columns - mean) @ (columns - mean).T / columns.shape[1]
    return mean, torch.linalg.cholesky(covariance + 1e-12 * torch.eye(3, dtype=columns.dtype))


def _facts(sources: Sources, config: StylizeConfig) -> dict[str, str]:
    text = json.dumps(config.to_dict(), sort_keys=True)
    return {
        "format": FORMAT,
        "impasto": metadata.version("impasto"),
        "origins": json.dumps(list(sources.pictures)),
        "backbone": json.dumps(config.backbone),
        "weights": json.dumps(dict(sources.weights)),
        "config": text,
        "config_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
