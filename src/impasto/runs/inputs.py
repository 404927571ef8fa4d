"""What goes into a run, read and looked at, before anything is painted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..config import StylizeConfig
from ..engine.schedule import ScalePlan
from ..errors import ConfigError
from ..images.files.io import Picture, read_picture
from ..regions.region import Region, Zone, read_regions
from ..styles import SHORTEST, Style, needed, needed_of_styles, parts_of, read_style, style_length
from ..types import Size

__all__ = ["RunInputs", "read_inputs"]


@dataclass(frozen=True, eq=False)
class RunInputs:
    """Pictures and styles.

    Attributes:
        content: None for a texture.
        styles: of all regions, one after the other, where there are any.
        zones: the regions; none for the whole picture.
    """

    content: Picture | None
    styles: tuple[Style, ...]
    zones: tuple[Zone, ...]

    @property
    def reading(self) -> list[int]:
        """About the bytes that reading each took."""
        return [self.content.reading if self.content else 0, *(style.reading for style in self.styles)]

    def shape(self, config: StylizeConfig) -> Size:
        """(height, width) of the content, or of the texture."""
        return self.content.size if self.content else (config.texture[0], config.texture[-1])

    def check(self, config: StylizeConfig, weights: Mapping[str, str], plans: Sequence[ScalePlan]) -> None:
        """See that the styles can serve.

        Raises:
            StyleError: one was learnt with another network, or for other layers or sizes.
            ConfigError: an option says something of another number of styles.
        """
        for style, part in zip(self.styles, parts_of(config, len(self.styles)), strict=True):
            style.check(config, weights, [style_length(plan.size, config.side) * part.scale for plan in plans])


def read_inputs(content: Any, styles: Sequence[Any], config: StylizeConfig) -> RunInputs:
    """Read content and styles; what is read already is taken as it is.

    Raises:
        PictureError, StyleError, ConfigError: as of `impasto.iterate`.
    """
    picture = _content(content, config)
    zones = _zones(styles, picture, config)
    if zones:
        return RunInputs(picture, tuple(style for zone in zones for style in zone.styles), zones)
    return RunInputs(picture, tuple(read_style(style, needed_of_styles(config)) for style in styles), ())


def _zones(given: Sequence[Any], content: Picture | None, config: StylizeConfig) -> tuple[Zone, ...]:
    """The regions among what is painted in; none where it is styles."""
    regions = [each for each in given if isinstance(each, Region)]
    if regions and len(regions) < len(given):
        raise ConfigError("some styles are of regions and some of the whole picture", "give each style its Region")
    if regions and content is None:
        raise ConfigError("masks are of a content picture, and a texture has none", "give styles without masks")
    return read_regions(regions, content, config) if content else ()


def _content(source: Any, config: StylizeConfig) -> Picture | None:
    """The content picture; None for a texture, whose start stands in for it, and of which no option lets anything
    through."""
    if not config.texture:
        return read_picture(source, name="content", least=SHORTEST, within=needed(config))
    if source is not None or config.init == "content":
        raise ConfigError("a texture has no content", "give styles alone, and another init")
    return None
