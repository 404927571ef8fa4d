"""Changes of options during a run."""

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
    *("content_layer_weights", "style_layer_weights", "style_blend"),
    *("neighbour_mix", "neighbour_coherence", "neighbour_refresh"),
    *("voting", "voting_edges", "detail", "step_size", "cooling", "plateau"),
)
"""Options that may be changed during a run: neither the sizes of scales nor the layers depend on them."""


@dataclass(frozen=True, eq=False)
class Change:
    """New values of some options, and a new mask.

    Attributes:
        options: by name, of `STEERED`.
        mask: ``(1, 1, H, W)`` in [0, 1], weight of each pixel in the loss from now on; None keeps the present one.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    mask: Tensor | None = None

    def then(self, other: Change) -> Change:
        """This change and, over it, another one, as one: what counts is where both lead, not the way."""
        return Change({**self.options, **other.options}, self.mask if other.mask is None else other.mask)

    def check(self, config: StylizeConfig) -> None:
        """Check that the change can be made.

        Args:
            config: of the run before the change.

        Raises:
            ConfigError: an option is unknown, cannot be changed during a run, or does not accept the value.
        """
        for name in self.options:
            if name not in STEERED:
                raise ConfigError(f"{name} cannot be changed while a run paints", nearest_name(name, STEERED))
        changed = config.overlay(self.options)
        for name in ("strength", "content_weight", "style_weight", "neighbour_weight"):
            if bool(getattr(config, name)) != bool(getattr(changed, name)):
                raise ConfigError(f"{name} cannot go from or to 0 while a run paints", "give it a small value")


@dataclass(frozen=True, eq=False)
class Event:
    """A change and its time.

    Attributes:
        step: number of the step after which it is made; 0 before the first one.
        change: what is changed.
    """

    step: int
    change: Change
