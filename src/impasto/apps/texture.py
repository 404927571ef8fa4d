"""Texture synthesis: pictures in a style, without content (Gatys, Ecker, Bethge 2015, arXiv 1505.07376)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..api import Result, Run, Stylizer, make_config
from ..config import StylizeConfig
from ..engine.progress import Progress
from ..errors import ConfigError

__all__ = ["iterate_texture", "texture"]


def iterate_texture(
    styles: Any,
    size: int | tuple[int, int] = 512,
    *,
    config: StylizeConfig | None = None,
    preset: str | None = None,
    **options: Any,
) -> Run:
    """Synthesise a texture step by step: `iterate`, without content.

    Args:
        styles: one style or a list of them, see `iterate`.
        size: (height, width) in px, or the side of a square.
        config: see `iterate`.
        preset: see `iterate`.
        options: see `iterate`; options that concern the content are refused. With ``wrap`` the texture repeats without
            a seam; another ``seed`` gives another texture.

    Returns:
        The `Run`, an iterator.

    Raises:
        ConfigError: an option concerns the content, or the size is out of range.
        PictureError, WeightsError, DeviceError, CapacityError: as of `iterate`.
    """
    sides = tuple(size) if isinstance(size, (list, tuple)) else (size, size)
    if len(sides) != 2:
        raise ConfigError(f"size is {size!r}", "give (height, width) in px, or the side of a square")
    made = make_config(config, preset, {}).of_texture(*sides, options)
    return Stylizer(config=made, preset=preset).iterate(None, styles)


def texture(
    styles: Any,
    size: int | tuple[int, int] = 512,
    *,
    config: StylizeConfig | None = None,
    preset: str | None = None,
    callback: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Result:
    """Synthesise a texture.

    Args:
        styles: see `iterate_texture`.
        size: see `iterate_texture`.
        config: see `iterate_texture`.
        preset: see `iterate_texture`.
        callback: called with each `Progress`.
        options: see `iterate_texture`.

    Returns:
        The `Result`.

    Raises:
        ConfigError, PictureError, WeightsError, DeviceError, CapacityError: see `iterate_texture`.
    """
    painting = iterate_texture(styles, size, config=config, preset=preset, **options)
    for progress in painting:
        if callback is not None:
            callback(progress)
    return painting.result()
