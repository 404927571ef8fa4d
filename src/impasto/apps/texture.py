"""Textures: canvases without content, painted in a style alone."""

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
    """Paint a texture step by step: as `iterate`, without content.

    Args:
        styles: one style or a list of them, as of `iterate`.
        size: (height, width) in px, or the side of a square.
        config, preset, options: as of `iterate`. Options that speak of the content are refused. With ``wrap`` the texture
            continues over its border; another ``seed`` gives another texture.

    Raises:
        ConfigError: an option speaks of the content, or the size is out of range.
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
    """Paint a texture and return the `Result`. Arguments and errors are those of `iterate_texture`."""
    painting = iterate_texture(styles, size, config=config, preset=preset, **options)
    for progress in painting:
        if callback is not None:
            callback(progress)
    return painting.result()
