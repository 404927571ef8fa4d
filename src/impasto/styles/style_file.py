"""Learnt styles: statistics at several sizes, in memory or in a file.

The file format is safetensors. For each size a file holds the statistics of every style layer and, if neighbours are
matched, the pictures at that size with their hypercolumns. If there are more hypercolumns than a limit, they are left
out, and computed from the pictures when they are used.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..backbones import Backbone
from ..config import StylizeConfig
from ..errors import StyleError
from ..files import check_replaced, check_writable, write_bytes
from ..losses import Sums
from ..weights.tensor_files import sorted_metadata
from .picture_style import PictureStyle, learn
from .style import StyleTargets
from .style_header import FORMAT, SUFFIX, read_style_header, style_bytes
from .views import views

__all__ = ["FORMAT", "SUFFIX", "LearntStyle", "check_style_output", "read_learnt"]

_SEEING = ("pooling", "padding", "network_input", "side")  # options that the statistics depend on
_TURNING = ("neighbour_rotations", "neighbour_border")  # options that the choice of hypercolumns depends on
_FARTHEST = 2.0  # largest ratio of a requested size to the nearest learnt one: strokes would have another size


@dataclass(frozen=True, eq=False)
class LearntStyle:
    """A style with statistics at some sizes. For other sizes those of the nearest one are used.

    Attributes:
        tensors: ``colors`` ``(3, n)``; for each size in px ``SIZE/stats/LAYER``, the sum of (f, 1) (f, 1)^T over
            positions, ``(C + 1, C + 1)``; ``SIZE/picture/N`` ``(3, h, w)``; ``SIZE/bank/LAYER`` ``(n, C)`` over
            ``SIZE/peak/LAYER``.
        facts: metadata, texts by name: ``format``, ``impasto``, ``origins``, ``backbone``, ``weights``, ``config`` and
            its ``config_sha256``; all but the first two and the last are JSON.
        name: path of the file, or ``learnt``.
        sha256: of the file, as hex digits; empty for a style in memory.
        reading: peak memory of reading it, in bytes, about.
    """

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, str]
    name: str = "learnt"
    sha256: str = ""
    reading: int = 0

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The sizes that the style was learnt at, in px along ``config.side``, ascending."""
        return tuple(sorted({int(name.split("/")[0]) for name in self.tensors if "/" in name}))

    @cached_property
    def config(self) -> StylizeConfig:
        """The resolved options that the style was learnt with."""
        return StylizeConfig(**self.fact("config"))

    def fact(self, name: str) -> Any:
        """The value of an entry of ``facts`` that is JSON."""
        return json.loads(self.facts[name])

    def layers(self, size: int, kind: str = "stats") -> tuple[str, ...]:
        """The layers with data of one kind at one of its sizes, sorted.

        Args:
            size: one of ``sizes``.
            kind: ``stats`` or ``bank``.

        Returns:
            Names of layers.
        """
        start = f"{size}/{kind}/"
        return tuple(sorted(name.removeprefix(start) for name in self.tensors if name.startswith(start)))

    def rows(self, size: int) -> int:
        """Number of hypercolumns at one of its sizes; 0 if there are none."""
        return next((len(tensor) for name, tensor in self.tensors.items() if name.startswith(f"{size}/bank/")), 0)

    def pictures(self, size: int) -> list[Tensor]:
        """The pictures at one of its sizes, ``(1, 3, h, w)`` in [0, 1]."""
        count = sum(name.startswith(f"{size}/picture/") for name in self.tensors)
        return [self.tensors[f"{size}/picture/{k}"][None].float() for k in range(count)]

    @property
    def colors(self) -> Tensor:
        """See `Style.colors`: a sample with the mean and covariance of all pixels."""
        return self.tensors["colors"][None, :, None]

    def picture(self) -> Tensor:
        """See `Style.picture`: the first picture, at the largest size."""
        if not self.pictures(self.sizes[-1]):
            raise StyleError(f"{self.name} holds no picture for the canvas to begin with", "give another --init")
        return self.pictures(self.sizes[-1])[0]

    def at(self, length: float, config: StylizeConfig, backbone: Backbone) -> StyleTargets:
        """See `Style.at`."""
        size = self._nearest(length)
        layers = (config.style_layers or ()) if config.style_weight else ()
        stats = {layer: self._stats(size, layer, (length / size) ** 2, backbone.device) for layer in layers}
        pictures = [picture.to(backbone.device) for picture in self.pictures(size)]
        matched = (config.neighbour_layers or ()) if config.neighbour_weight else ()
        if not matched:
            return StyleTargets(stats, torch.zeros(0, 0, device=backbone.device))
        shares = PictureStyle(tuple(pictures)).shares
        if not self._keeps(size, matched, config):
            alone = config.overlay({"style_weight": 0.0})
            first, *rest = (learn(p, alone, backbone, share) for p, share in zip(pictures, shares, strict=True))
            seen = sum(rest, first)
            return StyleTargets(stats, seen.bank, seen.pictures, seen.split)
        bank = torch.cat([self._columns(size, layer, backbone.device) for layer in matched], dim=1)
        turned = (
            view for picture, share in zip(pictures, shares, strict=True) for view in views(picture, config, share)
        )
        return StyleTargets(stats, bank, tuple(view.inner for view in turned))

    def recolored(self, change: Callable[[Tensor], Tensor]) -> LearntStyle:
        """See `Style.recolored`: always raises, because the statistics are those of the original colours."""
        raise StyleError(
            f"{self.name} was learnt in its own colours, and this color mode changes them",
            "give its pictures in place of the file, or --color content",
        )

    def check(self, config: StylizeConfig, weights: Mapping[str, str], lengths: Sequence[float]) -> None:
        """See `Style.check`."""
        ours = self.fact("weights")
        if ours["sha256"] != weights["sha256"]:
            known = f"--backbone {self.fact('backbone')} --weights {ours['id']}"
            raise StyleError(
                f"{self.name} was learnt with other weights, {ours['id']}", f"give {known}, or learn it again"
            )
        for option in _SEEING:
            if (value := getattr(self.config, option)) != getattr(config, option):
                flag = f"--{option.replace('_', '-')} {value}"
                raise StyleError(f"{self.name} was learnt with {flag}", f"give {flag}, or learn it again")
        for length in lengths:
            self._check_size(length)
        missing = [layer for layer in config.style_layers or () if layer not in self.layers(self.sizes[0])]
        if config.style_weight and missing:
            known = ",".join(self.layers(self.sizes[0])) or "none"
            raise StyleError(
                f"{self.name} knows nothing of {', '.join(missing)}",
                f"learn it with these --style-layers; it has {known}",
            )
        if config.neighbour_weight and not self.pictures(self.sizes[0]):
            raise StyleError(
                f"{self.name} has nothing to match neighbours with",
                "learn it with --objective blend, or paint with another one",
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the style to a file, atomically.

        Args:
            path: a name that ends in ``.style``.

        Raises:
            StyleError, OutputError: see `check_style_output`.
        """
        from safetensors.torch import save

        check_style_output(path)
        write_bytes(path, sorted_metadata(save(dict(self.tensors), dict(self.facts))))

    def _nearest(self, length: float) -> int:
        return min(self.sizes, key=lambda size: abs(math.log(length / size)))

    def _check_size(self, length: float) -> None:
        size = self._nearest(length)
        if not 1 / _FARTHEST <= length / size <= _FARTHEST:
            raise StyleError(
                f"{self.name} was learnt at {', '.join(map(str, self.sizes))} px, and {length:.0f} px are asked for",
                f"learn it with --sizes {','.join(map(str, sorted({*self.sizes, round(length)})))}",
            )

    def _stats(self, size: int, layer: str, area: float, device: torch.device) -> Sums:
        """The statistics of a layer, scaled to ``area`` times the number of positions."""
        both = area * self.tensors[f"{size}/stats/{layer}"].to(device)
        return Sums(both[-1, -1], both[-1, :-1], both[:-1, :-1])

    def _keeps(self, size: int, layers: Sequence[str], config: StylizeConfig) -> bool:
        """Whether the stored hypercolumns are those that a run with this config uses."""
        turned = all(getattr(self.config, option) == getattr(config, option) for option in _TURNING)
        return turned and config.neighbour_match == "hypercolumns" and set(layers) <= set(self.layers(size, "bank"))

    def _columns(self, size: int, layer: str, device: torch.device) -> Tensor:
        return self.tensors[f"{size}/bank/{layer}"].to(device).float() * self.tensors[f"{size}/peak/{layer}"].to(device)


def check_style_output(path: str | os.PathLike[str]) -> None:
    """Check before a style is learnt that `LearntStyle.save` can write it.

    Args:
        path: the file.

    Raises:
        StyleError: the name does not end in ``.style``.
        OutputError: the folder is missing, read-only or full, or the file exists and is no style file.
    """
    if Path(path).suffix != SUFFIX:
        raise StyleError(f"cannot write {os.fspath(path)!r} as a style", f"give a name that ends in {SUFFIX}")
    check_writable(path)
    check_replaced(path, _is_style, "style file")


def _is_style(path: Path) -> bool:
    try:
        return bool(read_style_header(path).facts)
    except Exception:  # see `read_learnt`
        return False


def read_learnt(path: str | os.PathLike[str]) -> LearntStyle:
    """Read a style file.

    Args:
        path: a file that `LearntStyle.save` wrote.

    Returns:
        The `LearntStyle`.

    Raises:
        StyleError: the file is missing, damaged, of a later version, or no style.
    """
    from safetensors.torch import load

    header, data = read_style_header(path), style_bytes(path)
    return LearntStyle(load(data), header.facts, header.name, header.sha256)
