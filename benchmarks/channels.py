"""What the channels of each layer do over many pictures: which are dead, and how evenly their energy lies."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from pictures import batches
from torch import Tensor

from impasto.backbones import Backbone

DEAD = 1e-3  # of the layer's mean
RARE = 1e-3  # of the positions


@dataclass
class ChannelCounts:
    """What is kept of one layer's features while they pass by: sums for each channel, an entropy for each picture."""

    highest: Tensor = field(default_factory=lambda: torch.zeros(1))
    active: Tensor = field(default_factory=lambda: torch.zeros(1, dtype=torch.float64))
    total: Tensor = field(default_factory=lambda: torch.zeros(1, dtype=torch.float64))
    positions: int = 0
    entropies: list[Tensor] = field(default_factory=list)

    def add(self, features: Tensor) -> None:
        """Count ``(B, C, H, W)`` features, which are not negative."""
        values = features.float()
        self.highest = torch.maximum(self.highest, values.amax((0, 2, 3)))
        self.active = self.active + (values > 0).sum((0, 2, 3))
        self.total = self.total + values.sum((0, 2, 3), dtype=torch.float64)
        self.positions += values.shape[0] * values.shape[2] * values.shape[3]
        self.entropies.append(entropy(values.square().mean((2, 3))))

    @property
    def dead(self) -> Tensor:
        """``(C,)``: the channels that are nowhere above a thousandth of the layer's mean."""
        return self.highest <= DEAD * (self.total / self.positions).mean()

    @property
    def rare(self) -> Tensor:
        """``(C,)``: the channels above zero at less than a thousandth of all positions, and the dead."""
        return self.dead | (self.active < RARE * self.positions)


def entropy(energies: Tensor) -> Tensor:
    """``(B, C)`` energies to ``(B,)``: 1 where a picture's energy lies evenly on all channels, 0 where on a single
    one."""
    shares = energies / energies.sum(1, keepdim=True).clamp_min(1e-12)
    return torch.special.entr(shares).sum(1) / math.log(shares.shape[1])


@torch.no_grad()
def count_channels(network: Backbone, pictures: Tensor) -> dict[str, ChannelCounts]:
    """The counts of every layer over ``(N, 3, S, S)`` uint8 pictures."""
    counts = {name: ChannelCounts() for name in network.layers if name != "pixels"}
    for part in batches(pictures):
        for name, features in network(part, counts).items():
            counts[name].add(features)
    return counts


def channel_report(counts: dict[str, ChannelCounts], deepest: str) -> dict[str, object]:
    """Shares of all channels, of those up to the ``deepest`` layer in use, the mean entropy of the layers, and each
    layer."""
    layers = {
        name: {
            "channels": len(count.highest),
            "dead": int(count.dead.sum()),
            "rare": int(count.rare.sum()),
            "entropy": float(torch.cat(count.entropies).mean()),
        }
        for name, count in counts.items()
    }
    every, names = list(layers.values()), list(layers)
    used = every[: names.index(deepest) + 1]
    return {
        "dead": _share(every, "dead"),
        "rare": _share(every, "rare"),
        "dead_in_use": _share(used, "dead"),
        "rare_in_use": _share(used, "rare"),
        "entropy": statistics.fmean(row["entropy"] for row in every),
        "layers": layers,
    }


def _share(rows: Sequence[Mapping[str, float]], kind: str) -> float:
    return sum(row[kind] for row in rows) / sum(row["channels"] for row in rows)
