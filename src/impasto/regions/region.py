"""Regions: parts of a picture with styles and options of their own, from masks or label maps."""

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

# Options that may differ between regions, given as ``region_strength`` and so on.
_OWN = ("strength", "style_weight", "content_weight", "color")
_PER_STYLE = ("style_blend", "style_scale", "style_blocks")


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the content and its styles.

    Attributes:
        mask: of the content: whatever `impasto.stylize` accepts as a picture, of which the transparency or, if it is
            opaque, the grey values are read; or a bool array. Pixels that no region covers show the content.
        style: one style or a list of styles, which are mixed; without any, the region shows the content.
        style_mask: the part of the style that is used, a mask of its picture; for a list of styles a list of masks,
            with None for a whole picture.
    """

    mask: Any
    style: Any = ()
    style_mask: Any = None


@dataclass(frozen=True, eq=False)
class Zone:
    """A region whose files are read.

    Attributes:
        mask: of the content.
        styles: which are mixed; empty if the region shows the content.
        style_masks: for each style a mask or None.
        config: the options of the run, with those of this region.
    """

    mask: Mask
    styles: tuple[Style, ...]
    style_masks: tuple[Mask | None, ...]
    config: StylizeConfig

    def record(self) -> dict[str, Any]:
        """The entry of a run record: names and hashes of the masks."""
        return {"mask": _input(self.mask), "styles": [mask and _input(mask) for mask in self.style_masks]}


def read_regions(regions: Sequence[Region], content: Picture, config: StylizeConfig) -> tuple[Zone, ...]:
    """Read the regions of a run.

    Args:
        regions: any number.
        content: the picture that the masks are of.
        config: resolved. ``region_strength`` and the other options of regions have one value per region;
            ``style_blend``, ``style_scale`` and ``style_blocks`` have one per style, counted over all regions.

    Returns:
        One `Zone` for each region.

    Raises:
        PictureError: a mask cannot be read, is empty or has another aspect ratio than its picture, or is of a style
            that is not one picture.
        StyleError: a style cannot be read.
        ConfigError: an option is for another number of regions, or the picture is to wrap around.
    """
    for name in _OWN:
        if len(values := getattr(config, f"region_{name}")) not in (0, len(regions)):
            wrong = f"{len(values)} values of region_{name} for {len(regions)} regions"
            raise ConfigError(wrong, "give one for each region")
    if regions and config.wrap != "none":
        raise ConfigError("regions are painted one by one, and do not wrap", "leave out the masks, or wrap")
    zones, first = list[Zone](), 0
    for number, region in enumerate(regions):
        mask = read_mask(region.mask, needed(config))
        pairs = [_read(*pair, needed_of_styles(config)) for pair in _pairs(region)]
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
    """The styles of a region, each with its mask or None."""
    several = isinstance(region.style, (list, tuple))
    styles = list(region.style) if several else [region.style]
    given = region.style_mask
    masks = list(given) if isinstance(given, (list, tuple)) else [given] * len(styles)
    if len(masks) != len(styles):
        wrong = f"{len(masks)} style masks for {len(styles)} styles of a region"
        raise ConfigError(wrong, "give one for each, or None")
    return [(style, mask) for style, mask in zip(styles, masks, strict=True) if style is not None]


def _read(source: Any, given: Any, within: Within) -> tuple[Style, Mask | None]:
    """Read a style, limited to its mask, and the mask."""
    style = read_style(source, within)
    if given is None:
        return style, None
    mask = read_mask(given, within)
    if not isinstance(style, PictureStyle) or len(style.pictures) > 1:
        wrong = f"the mask {mask} is of the style {style.name!r}, which is not one picture"
        raise PictureError(wrong, "mask a picture")
    mask.fit(style.size or (style.pictures[0].shape[2], style.pictures[0].shape[3]), style.name)
    return style.masked(mask), mask


def regions_of_maps(content_map: Any, styles: Sequence[Any], style_maps: Sequence[Any]) -> list[Region]:
    """Regions from label maps: each colour of the content's map is painted in the parts of that colour of the styles.

    Transparent pixels of the content's map show the content. Colours are equal if they differ by less than 40 levels of
    255; a colour of less than a hundredth of a map is a blend at the edge between two others, and ignored.

    Args:
        content_map: whatever `impasto.stylize` accepts as a picture, with the aspect ratio of the content.
        styles: as of `impasto.stylize`, each a single picture.
        style_maps: one for each style, with its aspect ratio.

    Returns:
        One `Region` for each colour of the content's map.

    Raises:
        PictureError: a map cannot be read or is not a label map, a colour of the content's map is in no style's map, or
            a style's map has none of the content's colours.
        ConfigError: the numbers of maps and styles differ.
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
        wrong = f"the map {min(idle)!r} has no colour of the map {ours.name!r}"
        raise PictureError(wrong, "use the same colours in both")
    return regions


def recorded_regions(entries: Sequence[Mapping[str, Any]], styles: Sequence[Any]) -> list[Region]:
    """The regions of a run record.

    Args:
        entries: from `Zone.record`.
        styles: in the order of the record.

    Returns:
        One `Region` for each entry.

    Raises:
        PictureError: a mask or map is missing, or a map does not have the colour any more.
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
    """The mask of a record's entry: one colour of a label map, or the path of a mask file."""
    if not entry["color"]:
        return entry["name"]
    mask = read_map(entry["name"]).mask(color_of(entry["color"]))
    if mask is None:
        wrong = f"the map {entry['name']!r} has no {entry['color']} any more"
        raise PictureError(wrong, "give --content-map and --style-map")
    return mask


def _input(mask: Mask) -> dict[str, str]:
    """The entry of a mask in a record."""
    return {"name": mask.name, "sha256": mask.sha256, "color": mask.color}
