"""Regions: which part of a picture is painted in which styles, and with which options of its own; from masks and maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..config import StylizeConfig
from ..errors import ConfigError, PictureError
from ..images.files.io import Picture
from ..images.label_maps import color_of, hex_of, read_map
from ..images.masks import Mask, read_mask
from ..images.resample import Within
from ..styles import PictureStyle, Style, needed, needed_of_styles, read_style

__all__ = ["Region", "Zone", "read_regions", "recorded_regions", "regions_of_maps"]

_OWN = ("strength", "style_weight", "content_weight", "color")  # options that a region may have for itself, as region_strength
_PER_STYLE = ("style_blend", "style_scale", "style_blocks")


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the content picture, and what it is painted in.

    Attributes:
        mask: where it is, in the content: whatever `impasto.stylize` takes as a picture, whose transparency counts or, where
            it has none, whose greys; or an array of bool. What no region covers stays as it is.
        style: one style or a list of them, which are mixed; none leaves the content as it is.
        style_mask: which part of the style counts, a mask of that picture; for a list of styles a list, with None for all of it.
    """

    mask: Any
    style: Any = ()
    style_mask: Any = None


@dataclass(frozen=True, eq=False)
class Zone:
    """A region as a run knows it.

    Attributes:
        mask: of the content.
        styles: those it is painted in, mixed; none where the content stays as it is.
        style_masks: for each of them, or None.
        config: the run's, with what is the region's own.
    """

    mask: Mask
    styles: tuple[Style, ...]
    style_masks: tuple[Mask | None, ...]
    config: StylizeConfig

    def record(self) -> dict[str, Any]:
        """As run records have it."""
        return {"mask": _input(self.mask), "styles": [mask and _input(mask) for mask in self.style_masks]}


def read_regions(regions: Sequence[Region], content: Picture, config: StylizeConfig) -> tuple[Zone, ...]:
    """The regions of a run.

    Args:
        regions: any number.
        content: the picture that the masks are of.
        config: resolved. ``region_strength`` and the others like it have a value for each region; ``style_blend``,
            ``style_scale`` and ``style_blocks`` have one for each style, over all regions.

    Raises:
        PictureError, StyleError: a mask or a style cannot be read, a mask is empty or of other proportions than its picture,
            or it is of a style that is not one picture.
        ConfigError: there are values for another number of regions, or the picture is to wrap.
    """
    for name in _OWN:
        if len(values := getattr(config, f"region_{name}")) not in (0, len(regions)):
            raise ConfigError(f"{len(values)} values of region_{name} for {len(regions)} regions", "give one for each region")
    if regions and config.wrap != "none":
        raise ConfigError("regions are painted one by one, and do not wrap", "leave out the masks, or wrap")
    zones, first = list[Zone](), 0
    for number, region in enumerate(regions):
        mask, pairs = read_mask(region.mask, needed(config)), [_read(*pair, needed_of_styles(config)) for pair in _pairs(region)]
        mask.fit(content.size, content.name)
        own = _own(config, number, first, len(pairs))
        zones.append(Zone(mask, tuple(style for style, _ in pairs), tuple(held for _, held in pairs), own))
        first += len(pairs)
    return tuple(zones)


def _own(config: StylizeConfig, number: int, first: int, count: int) -> StylizeConfig:
    """The options of one region, whose styles are the ``count`` from the ``first`` on."""
    own = {name: getattr(config, f"region_{name}")[number] for name in _OWN if getattr(config, f"region_{name}")}
    for name in _PER_STYLE:
        if count and len(getattr(config, name)) > 1:
            own[name] = getattr(config, name)[first : first + count]
    return config.overlay(own)


def _pairs(region: Region) -> list[tuple[Any, Any]]:
    """Each style of a region with its mask."""
    several = isinstance(region.style, (list, tuple))
    styles = list(region.style) if several else [region.style]
    masks = list(region.style_mask) if isinstance(region.style_mask, (list, tuple)) else [region.style_mask] * len(styles)
    if len(masks) != len(styles):
        raise ConfigError(f"{len(masks)} style masks for {len(styles)} styles of a region", "give one for each, or None")
    return [(style, mask) for style, mask in zip(styles, masks, strict=True) if style is not None]


def _read(source: Any, given: Any, within: Within) -> tuple[Style, Mask | None]:
    style = read_style(source, within)
    if given is None:
        return style, None
    mask = read_mask(given, within)
    if not isinstance(style, PictureStyle) or len(style.pictures) > 1:
        raise PictureError(f"the mask {mask} is of the style {style.name!r}, which is not one picture", "mask a picture")
    mask.fit(style.size or (style.pictures[0].shape[2], style.pictures[0].shape[3]), style.name)
    return style.masked(mask), mask


def regions_of_maps(content_map: Any, styles: Sequence[Any], style_maps: Sequence[Any]) -> list[Region]:
    """A region for each colour of a map of the content, painted in the parts of the styles that have the same colour in theirs.

    What is transparent in the content's map stays as it is. Colours are the same up to 40 levels of 255, and one that covers less
    than a hundredth of a map counts as part of the edge between others.

    Args:
        content_map: whatever `impasto.stylize` takes as a picture, of the content's proportions.
        styles: as of `impasto.stylize`; single pictures.
        style_maps: one for each style, of its proportions.

    Raises:
        PictureError: a map cannot be read or is no map, a colour of the content's is in none of the styles', or a style has none
            of the content's colours.
        ConfigError: there is another number of maps than of styles.
    """
    if len(styles) != len(style_maps):
        raise ConfigError(f"{len(style_maps)} style maps for {len(styles)} styles", "give a map for each style")
    ours, theirs = read_map(content_map), [read_map(each) for each in style_maps]
    regions, idle = [], {each.name for each in theirs}
    for color in ours.colors:
        found = [(style, each.mask(color)) for style, each in zip(styles, theirs, strict=True)]
        held = [(style, mask) for style, mask in found if mask is not None]
        if not held:
            raise PictureError(
                f"the colour {hex_of(color)} of the map {ours.name!r} is in no map of a style",
                "paint it there, or leave it transparent in the content's map: what is transparent stays as it is",
            )
        idle -= {mask.name for _, mask in held}
        regions.append(Region(ours.mask(color), [style for style, _ in held], [mask for _, mask in held]))
    if idle:
        raise PictureError(f"the map {min(idle)!r} has no colour of the map {ours.name!r}", "use the same colours in both")
    return regions


def recorded_regions(entries: Sequence[Mapping[str, Any]], styles: Sequence[Any]) -> list[Region]:
    """The regions of a run record, of styles in the record's order.

    Raises:
        PictureError: a mask or map is not there any more, or its map has other colours.
    """
    left = iter(styles)
    return [
        Region(
            _recorded(entry["mask"]),
            [next(left) for _ in entry["styles"]],
            [each and _recorded(each) for each in entry["styles"]],
        )
        for entry in entries
    ]


def _recorded(entry: Mapping[str, str]) -> Mask | str:
    if not entry["color"]:
        return entry["name"]
    mask = read_map(entry["name"]).mask(color_of(entry["color"]))
    if mask is None:
        raise PictureError(f"the map {entry['name']!r} has no {entry['color']} any more", "give --content-map and --style-map")
    return mask


def _input(mask: Mask) -> dict[str, str]:
    return {"name": mask.name, "sha256": mask.sha256, "color": mask.color}
