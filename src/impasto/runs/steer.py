"""Changes of a run as they are given, recorded and made again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..engine.steering import Change, Event
from ..images.masks import Mask, read_mask
from ..types import Size

__all__ = ["Steer", "recorded_steers"]


@dataclass(frozen=True, eq=False)
class Steer:
    """Options, and a mask, that a run gets after a step; 0 before the first one."""

    step: int
    options: Mapping[str, Any] = field(default_factory=dict)
    mask: Mask | None = None

    def event(self, size: Size) -> Event:
        """For a painter, with the mask at the size of its content."""
        return Event(self.step, Change(self.options, None if self.mask is None else self.mask.at(size)))

    def entry(self) -> dict[str, Any]:
        """For a record."""
        options = {name: list(value) if isinstance(value, tuple) else value for name, value in self.options.items()}
        told: dict[str, Any] = {"step": self.step, "options": options}
        return told if self.mask is None else {**told, "mask": {"name": self.mask.name, "sha256": self.mask.sha256}}


def recorded_steers(entries: Sequence[Mapping[str, Any]]) -> tuple[Steer, ...]:
    """Those of a run record.

    Raises:
        PictureError: a mask is not there any more.
    """
    return tuple(
        Steer(entry["step"], entry["options"], read_mask(entry["mask"]["name"]) if "mask" in entry else None) for entry in entries
    )
