"""Flags of masks and label maps, and the regions that they describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import ConfigError
from .options import Flag

if TYPE_CHECKING:
    from ..regions.region import Region
    from ..runs.record import Input, RunRecord

__all__ = ["GivenMasks", "mask_flags", "recorded_masks"]

HEADING = "Masks"
ALL = "none"  # stands for no mask of a style

Command = TypeVar("Command", bound=Callable[..., Any])

_FLAGS = {
    "mask": (True, "where in CONTENT the first STYLE is painted: white, or opaque; again for the second, and so on"),
    "style_mask": (
        True,
        "which part of the first STYLE counts, or 'none' for all of it; again for the second, and so on",
    ),
    "content_map": (False, "a picture of CONTENT's regions, each in a plain colour of its own"),
    "style_map": (True, "the same of the first STYLE, in the same colours; again for the second, and so on"),
}


def mask_flags(*, hidden: bool = False) -> Callable[[Command], Command]:
    """Decorator that adds the flags of `GivenMasks.of` to a command.

    Args:
        hidden: leave them out of the help, for a command that refuses them with a hint.

    Returns:
        The decorator.
    """

    def decorate(command: Command) -> Command:
        for name, (multiple, help) in reversed(_FLAGS.items()):
            flag = f"--{name.replace('_', '-')}"
            shown: dict[str, Any] = {"heading": HEADING, "metavar": "FILE", "help": help, "hidden": hidden}
            command = click.option(flag, name, cls=Flag, multiple=multiple, **shown)(command)
        return command

    return decorate


@dataclass(frozen=True)
class GivenMasks:
    """Masks and label maps given as flags: one mask for each style, or a map of the content and of each style.

    Attributes:
        masks: of the content, one for each style.
        style_masks: one for each style, or `ALL`.
        content_map: label map of the content.
        style_maps: one for each style.
    """

    masks: tuple[str, ...] = ()
    style_masks: tuple[str, ...] = ()
    content_map: str | None = None
    style_maps: tuple[str, ...] = ()

    @classmethod
    def of(cls, flags: Mapping[str, Any]) -> GivenMasks:
        """Take them from the flags of a command.

        Args:
            flags: values by name.

        Returns:
            The `GivenMasks`.

        Raises:
            ConfigError: the flags contradict each other.
        """
        given = cls(flags["mask"], flags["style_mask"], flags["content_map"], flags["style_map"])
        if bool(given.content_map) != bool(given.style_maps):
            raise ConfigError("--content-map and --style-map go together", "give both, with the same colours")
        if given.content_map and (given.masks or given.style_masks):
            raise ConfigError(
                "both masks and maps are given", "give --mask and --style-mask, or --content-map and --style-map"
            )
        if given.style_masks and not given.masks:
            raise ConfigError("--style-mask is given without --mask", "say with --mask where each style is painted")
        return given

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of all files."""
        maps = (self.content_map,) if self.content_map else ()
        return (*self.masks, *(path for path in self.style_masks if path != ALL), *maps, *self.style_maps)

    def regions(self, styles: Sequence[str]) -> list[Region]:
        """Make the regions; styles with the same mask are mixed.

        Args:
            styles: paths.

        Returns:
            The regions.

        Raises:
            ConfigError: the numbers of masks and styles differ, or styles of a region are not adjacent.
            PictureError: see `impasto.regions_of_maps`.
        """
        from ..regions.region import Region, regions_of_maps

        if self.content_map:
            return regions_of_maps(self.content_map, styles, self.style_maps)
        for name, files, allowed in (("--mask", self.masks, ()), ("--style-mask", self.style_masks, (0,))):
            if len(files) not in (len(styles), *allowed):
                raise ConfigError(
                    f"{name} is given {len(files)} times for {len(styles)} styles",
                    "give it for each style, and the same file again for styles that are mixed",
                )
        parts = [None if path == ALL else path for path in self.style_masks] or [None] * len(styles)
        order = sorted(range(len(styles)), key=lambda k: self.masks.index(self.masks[k]))
        if order != list(range(len(styles))):
            raise ConfigError(
                "styles with the same mask do not follow one another", "give the styles of a region side by side"
            )
        numbers = {mask: [k for k in order if self.masks[k] == mask] for mask in self.masks}
        return [Region(mask, [styles[k] for k in own], [parts[k] for k in own]) for mask, own in numbers.items()]


def recorded_masks(record: RunRecord) -> dict[str, Input]:
    """The mask files in a record.

    Args:
        record: of a run.

    Returns:
        Entries by path.
    """
    entries = [each for region in record.get("regions") or () for each in (region["mask"], *region["styles"]) if each]
    return {entry["name"]: {"name": entry["name"], "sha256": entry["sha256"]} for entry in entries}
