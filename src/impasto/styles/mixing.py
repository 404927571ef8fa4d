"""What each of several styles gives to one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..config import StylizeConfig
from ..errors import ConfigError, PictureError
from ..images.resample import ELSEWHERE, Within, side_of

__all__ = ["Part", "needed", "needed_of_styles", "parts_of", "style_length"]

_STRIDE = 16  # px: that of the deepest layers
_FEW = 10**8  # bytes that may always be read: a limit so low is for painting to refuse


@dataclass(frozen=True)
class Part:
    """What one style gives.

    Attributes:
        share: its weight in the mixture; those of all styles have any sum.
        scale: its size, as a ratio of the canvas's.
        blocks: of the network, from 1, the finest, whose statistics come from it; None for all.
    """

    share: float
    scale: float
    blocks: range | None

    def share_of(self, block: int) -> float:
        """Its weight in the statistics of the layers of a ``block``, from 1, the finest, with which the pixels go."""
        return self.share if self.blocks is None or block in self.blocks else 0.0


def style_length(size: tuple[int, int], side: str) -> float:
    """The px along ``side`` that a style of scale 1 has beside a canvas of ``size`` (height, width).

    Those of the canvas; but beside a canvas more than four times as long as it is wide, no more than make a square four
    times its area: a painting as long as a frieze would have hundreds of times its pixels, and strokes as wide as the
    whole of it.
    """
    return min(float(side_of(size, side)), 2 * math.sqrt(size[0] * size[1]))


def needed(config: StylizeConfig) -> Within:
    """How large the content, a mask of it or a start is needed for a run with that ``config``."""
    margin = _STRIDE if config.wrap != "none" else 0  # a tiled side is painted at the next multiple
    memory = None if config.memory_bytes is None else max(_FEW, config.memory_bytes - ELSEWHERE)
    return Within(config.size + margin, config.side, config.resample, memory)


def needed_of_styles(config: StylizeConfig) -> Within:
    """How large a style is needed: as the canvas is, or larger where its strokes are to be."""
    content = needed(config)
    return replace(content, length=math.ceil(content.length * max(1.0, *config.style_scale)))


def parts_of(config: StylizeConfig, count: int) -> tuple[Part, ...]:
    """The part of each of ``count`` styles.

    Args:
        config: resolved; ``style_blend``, ``style_scale`` and ``style_blocks``.
        count: of the styles.

    Raises:
        PictureError: there is no style.
        ConfigError: an option says something of another number of styles, or blocks are chosen where neighbours are
            matched.
    """
    if not count:
        raise PictureError("there is no style picture", "give at least one")
    for name, allowed in (("style_blend", (0, count)), ("style_scale", (0, 1, count)), ("style_blocks", (0, count))):
        values = getattr(config, name)
        if len(values) not in allowed:
            raise ConfigError(
                f"{len(values)} values of {name} for {count} style pictures", "give one for each style picture"
            )
    if config.style_blocks and config.neighbour_weight:
        raise ConfigError(
            "style_blocks chooses statistics by their layers, and neighbours are matched in all layers at once",
            "give it with --objective gram, or another one of statistics",
        )
    shares = config.style_blend or (1.0,) * count
    scales = config.style_scale or (1.0,)
    blocks: Sequence[range | None] = [_blocks(text) for text in config.style_blocks] or [None] * count
    return tuple(Part(*part) for part in zip(shares, scales * (count // len(scales)), blocks, strict=True))


def _blocks(text: str) -> range:
    """``3-5``, or ``3``, as a range; the config has checked it."""
    ends = [int(block) for block in text.split("-")]
    return range(ends[0], ends[-1] + 1)
