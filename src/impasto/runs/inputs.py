"""The inputs of a run, read and checked before anything is painted."""

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
    """Content, styles and regions of a run.

    Attributes:
        content: None for a texture.
        styles: all styles; if there are regions, those of the first one come first, and so on.
        zones: the regions; empty if the whole picture is painted in the same styles.
    """

    content: Picture | None
    styles: tuple[Style, ...]
    zones: tuple[Zone, ...]

    @property
    def reading(self) -> list[int]:
        """Peak memory of reading each input, in bytes, about."""
        return [self.content.reading if self.content else 0, *(style.reading for style in self.styles)]

    def shape(self, config: StylizeConfig) -> Size:
        """(height, width) in px of the content, or of the texture that ``config`` asks for."""
        return self.content.size if self.content else (config.texture[0], config.texture[-1])

    def check(self, config: StylizeConfig, weights: Mapping[str, str], plans: Sequence[ScalePlan]) -> None:
        """Check that the run can use its styles.

        Args:
            config: resolved.
            weights: ``id`` and ``sha256`` of the network's weights.
            plans: of the scales.

        Raises:
            StyleError: a style was learnt with another network, or for other layers or sizes.
            ConfigError: an option has values for another number of styles.
        """
        for style, part in zip(self.styles, parts_of(config, len(self.styles)), strict=True):
            style.check(config, weights, [style_length(plan.size, config.side) * part.scale for plan in plans])


def read_inputs(content: Any, styles: Sequence[Any], config: StylizeConfig) -> RunInputs:
    """Read content, styles and masks. Inputs that are `Picture` or `Style` already are not changed.

    Args:
        content: as of `impasto.iterate`; None for a texture.
        styles: styles, or regions.
        config: resolved.

    Returns:
        The `RunInputs`.

    Raises:
        PictureError, StyleError, ConfigError: as of `impasto.iterate`.
    """
    picture = _content(content, config)
    zones = _zones(styles, picture, config)
    if zones:
        return RunInputs(picture, tuple(style for zone in zones for style in zone.styles), zones)
    return RunInputs(picture, tuple(read_style(style, needed_of_styles(config)) for style in styles), ())


def _zones(given: Sequence[Any], content: Picture | None, config: StylizeConfig) -> tuple[Zone, ...]:
    """Read the regions; empty if styles are given."""
    regions = [each for each in given if isinstance(each, Region)]
    if regions and len(regions) < len(given):
        raise ConfigError("some styles are of regions and some of the whole picture", "give each style its Region")
    if regions and content is None:
        raise ConfigError("masks are of a content picture, and a texture has none", "give styles without masks")
    return read_regions(regions, content, config) if content else ()


def _content(source: Any, config: StylizeConfig) -> Picture | None:
    """Read the content; None for a texture, for which the initial canvas stands in."""
    if not config.texture:
        return read_picture(source, name="content", least=SHORTEST, within=needed(config))
    if source is not None or config.init == "content":
        raise ConfigError("a texture has no content", "give styles alone, and another init")
    return None
