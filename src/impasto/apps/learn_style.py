"""Learning of a style: its features at several sizes, saved to a file and reused by many runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..api import Stylizer
from ..config import STYLE_BANK, STYLE_SIZES, StylizeConfig
from ..runs.record import Input
from ..styles import Ladder, LearntStyle, PictureStyle, Sources, learn_ladder, needed, read_pictures

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
        bank: limit of stored hypercolumns per size. If there are more, runs compute them from the stored pictures.
        config: see `iterate`; it chooses the network, the layers, and whether neighbours are matched.
        preset: see `iterate`.
        callback: called with each size that is finished.
        options: see `iterate`.

    Returns:
        The `LearntStyle`.

    Raises:
        ConfigError, PictureError, WeightsError, DeviceError: before anything is learnt.
    """
    ladder = Ladder(sizes, bank)
    stylizer = Stylizer(config=config, preset=preset, **options)
    within = replace(needed(stylizer.config), length=max(sizes))
    read = read_pictures(pictures if isinstance(pictures, (list, tuple)) else [pictures], within)
    # Names without folders: a style file may be given to others.
    origins = [Input(name=Path(picture.name).name, sha256=picture.sha256) for picture in read]
    style, sources = PictureStyle(tuple(picture.pixels for picture in read)), Sources(origins, stylizer.weights)
    return learn_ladder(style, sources, stylizer.config, stylizer.backbone, ladder, callback)
