"""Changes of options during a run: given by the caller, sent to the painter, recorded, and repeated."""

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
    """A change of options, of the mask, or both.

    Attributes:
        step: number of the step after which it is made; 0 before the first one.
        options: new values by name.
        mask: weight of each pixel in the loss from then on; None keeps the present one.
    """

    step: int
    options: Mapping[str, Any] = field(default_factory=dict)
    mask: Mask | None = None

    def event(self, size: Size) -> Event:
        """The change as a painter accepts it.

        Args:
            size: (height, width) of the painter's content, to which the mask is resized.

        Returns:
            The `Event`.
        """
        return Event(self.step, Change(self.options, None if self.mask is None else self.mask.at(size)))

    def entry(self) -> dict[str, Any]:
        """The entry of this change in a record."""
        options = {name: list(value) if isinstance(value, tuple) else value for name, value in self.options.items()}
        entry: dict[str, Any] = {"step": self.step, "options": options}
        return entry if self.mask is None else {**entry, "mask": {"name": self.mask.name, "sha256": self.mask.sha256}}


class Steering:
    """All changes of a run, and the change that has to be sent to the painter next.

    Args:
        steers: changes that are known beforehand.
        size: (height, width) of the painter's content.
    """

    def __init__(self, steers: Sequence[Steer], size: Size) -> None:
        self._steers, self._size, self._next = list(steers), size, Change()

    def events(self) -> list[Event]:
        """All changes, as a painter accepts them."""
        return [steer.event(self._size) for steer in self._steers]

    def entries(self) -> list[dict[str, Any]]:
        """All changes, as entries of a record."""
        return [steer.entry() for steer in self._steers]

    def before(self, step: int) -> tuple[Steer, ...]:
        """The changes that were made before the iteration ``step``."""
        return tuple(steer for steer in self._steers if steer.step < step or not steer.step)

    def add(self, steer: Steer, config: StylizeConfig) -> None:
        """Add a change, which will be sent to the painter.

        Args:
            steer: the change.
            config: of the run at its start.

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
        """Take the change that has not been sent to the painter yet; None if there is none."""
        sent, self._next = self._next, Change()
        return sent if sent.options or sent.mask is not None else None


def recorded_steers(entries: Sequence[Mapping[str, Any]]) -> tuple[Steer, ...]:
    """The changes in a run record.

    Args:
        entries: ``events`` of the record.

    Returns:
        One `Steer` for each entry.

    Raises:
        PictureError: a mask cannot be read.
    """
    return tuple(
        Steer(entry["step"], entry["options"], read_mask(entry["mask"]["name"]) if "mask" in entry else None)
        for entry in entries
    )
