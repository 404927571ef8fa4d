"""Changes between two iterations: what may be changed, and when it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ..config import StylizeConfig
from ..errors import ConfigError, nearest_name

__all__ = ["STEERED", "Change", "Event"]

STEERED = (
    *("strength", "content_weight", "style_weight", "neighbour_weight", "tv_weight", "meanstd_weight"),
    *("content_layer_weights", "style_layer_weights", "style_blend", "neighbour_mix", "neighbour_coherence", "neighbour_refresh"),
    *("voting", "voting_edges", "detail", "step_size", "cooling", "plateau"),
)
"""Options that may be changed while a run paints: those that decide neither what size a scale has nor which features are seen."""


@dataclass(frozen=True, eq=False)
class Change:
    """Options that get other values, and another mask.

    Attributes:
        options: of `STEERED`.
        mask: ``(1, 1, H, W)`` in [0, 1], what each pixel counts for from now on; None leaves it.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    mask: Tensor | None = None

    def check(self, config: StylizeConfig) -> None:
        """See that it can be made.

        Raises:
            ConfigError: an option is unknown, cannot be changed while a run paints, or takes no such value.
        """
        for name in self.options:
            if name not in STEERED:
                raise ConfigError(f"{name} cannot be changed while a run paints", nearest_name(name, STEERED))
        changed = config.overlay(self.options)
        for name in ("content_weight", "style_weight", "neighbour_weight"):
            if bool(getattr(config, name)) != bool(getattr(changed, name)):
                raise ConfigError(f"{name} cannot go from or to 0 while a run paints", "give it a small value")


@dataclass(frozen=True, eq=False)
class Event:
    """A change, and after which step it was made; 0 before the first one."""

    step: int
    change: Change
