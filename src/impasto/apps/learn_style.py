"""Learns a style, to be painted with many times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..api import Stylizer
from ..config import STYLE_BANK, STYLE_SIZES, StylizeConfig
from ..runs.record import Input
from ..styles import LearntStyle, PictureStyle, learn_ladder, needed, read_pictures

__all__ = ["learn_style"]


def learn_style(
    pictures: Any,
    *,
    sizes: Sequence[int] = STYLE_SIZES,
    bank: int = STYLE_BANK,
    config: StylizeConfig | None = None,
    preset: str | None = None,
    callback: Callable[[int], None] = lambda size: None,
    **options: Any,
) -> LearntStyle:
    """Learn a style from a picture or several, which are pooled, to be painted with many times: see `LearntStyle.save`.

    Args:
        pictures: one or a list of what `iterate` takes as content, and folders of pictures.
        sizes: in px along ``side``; a run asks for those of its scales, and gets the nearest.
        bank: hypercolumns kept at a size at most. Where there are more, they are taken from the pictures in each run.
        config, preset, options: as of `iterate`; they choose the network, the layers, and whether neighbours are matched.
        callback: called with each size that is done.

    Raises:
        ConfigError, PictureError, WeightsError, DeviceError: before anything is learnt.
    """
    stylizer = Stylizer(config=config, preset=preset, **options)
    within = replace(needed(stylizer.config), length=max(sizes))
    read = read_pictures(pictures if isinstance(pictures, (list, tuple)) else [pictures], within)
    style, origins = (
        PictureStyle(tuple(picture.pixels for picture in read)),
        [
            Input(name=Path(p.name).name, sha256=p.sha256)
            for p in read  # the file is shared, its folder is not
        ],
    )
    return learn_ladder(style, origins, stylizer.config, stylizer.backbone, stylizer.weights, sizes, bank, callback)
