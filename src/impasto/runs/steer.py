"""Changes of a run: as they are given, made, recorded and made again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..config import StylizeConfig
from ..engine.steering import Change, Event
from ..images.masks import Mask, read_mask
from ..types import Size

__all__ = ["Steer", "Steering", "recorded_steers"]


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


class Steering:
    """All changes of a run, those to come included, and what is to be sent next.

    Args:
        steers: what is known beforehand.
        size: (height, width) of the content that a painter keeps to.
    """

    def __init__(self, steers: Sequence[Steer], size: Size) -> None:
        self._steers, self._size, self._next = list(steers), size, Change()

    def events(self) -> list[Event]:
        """For a painter."""
        return [steer.event(self._size) for steer in self._steers]

    def entries(self) -> list[dict[str, Any]]:
        """For a record."""
        return [steer.entry() for steer in self._steers]

    def before(self, step: int) -> tuple[Steer, ...]:
        """Those that were made before the iteration that has this number."""
        return tuple(steer for steer in self._steers if steer.step < step or not steer.step)

    def add(self, steer: Steer, config: StylizeConfig) -> None:
        """Make a change; ``config`` is what the run began with.

        Raises:
            ConfigError: see `Change.check`.
        """
        for earlier in self._steers:
            config = config.overlay(earlier.options) if earlier.step <= steer.step else config
        change = steer.event(self._size).change
        change.check(config)
        given = config.overlay(change.options)
        self._steers.append(replace(steer, options={name: getattr(given, name) for name in change.options}))
        self._next = self._next.then(change)

    def sent(self) -> Change | None:
        """What a painter has not heard yet, once."""
        sent, self._next = self._next, Change()
        return sent if sent.options or sent.mask is not None else None


def recorded_steers(entries: Sequence[Mapping[str, Any]]) -> tuple[Steer, ...]:
    """Those of a run record.

    Raises:
        PictureError: a mask is not there any more.
    """
    return tuple(
        Steer(entry["step"], entry["options"], read_mask(entry["mask"]["name"]) if "mask" in entry else None)
        for entry in entries
    )
