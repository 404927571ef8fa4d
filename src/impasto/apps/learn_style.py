"""Learning of a style: its features at several sizes, saved to a file and reused by many runs."""

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
    """Learn a style from one picture or several, which are pooled. `LearntStyle.save` writes it to a file.

    Args:
        pictures: one or a list of what `iterate` accepts as content, and folders of pictures.
        sizes: in px along ``side``; each scale of a run uses the nearest size.
        bank: the most hypercolumns kept per size. If there are more, runs need the pictures as well.
        config: see `iterate`; it chooses the network, the layers, and whether neighbours are matched.
        preset: see `iterate`.
        callback: called with each size that is finished.
        options: see `iterate`.

    Returns:
        The `LearntStyle`.

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
            for p in read  # names without folders: the file of a style may be shared
        ],
    )
    return learn_ladder(style, origins, stylizer.config, stylizer.backbone, stylizer.weights, sizes, bank, callback)
