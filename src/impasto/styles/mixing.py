"""The mixture of styles in one picture: weight, size and layers of each style, and the sizes that are read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..config import StylizeConfig
from ..errors import ConfigError, PictureError
from ..images.resample import ELSEWHERE, Within, side_of

__all__ = ["Part", "needed", "needed_of_styles", "parts_of", "style_length"]

_STRIDE = 16  # px: that of the deepest layers
_FEW = 10**8  # bytes that may always be read: a lower limit of memory is refused later, when the run is planned


@dataclass(frozen=True)
class Part:
    """The part of one style in the mixture.

    Attributes:
        share: its weight, 0 or more; the weights of all styles need not sum to 1.
        scale: ratio of its length to that of the canvas.
        blocks: blocks of the network whose statistics come from this style, from 1, the finest; None for all.
    """

    share: float
    scale: float
    blocks: range | None

    def share_of(self, block: int) -> float:
        """Its weight in the statistics of one block of layers.

        Args:
            block: from 1, the finest, which includes the pixels.

        Returns:
            ``share``, or 0 if the block is not among ``blocks``.
        """
        return self.share if self.blocks is None or block in self.blocks else 0.0


def style_length(size: tuple[int, int], side: str) -> float:
    """Length of a style picture of scale 1.

    It is the length of the canvas, but at most the side of a square of four times the canvas's area. The limit only
    applies to canvases more than four times as long as they are wide: next to a frieze, a style picture of the same
    length would have hundreds of times its pixels, and strokes as wide as the frieze is high.

    Args:
        size: (height, width) of the canvas in px.
        side: along which lengths are measured, the option ``side``.

    Returns:
        Px along ``side``.

    Examples:
        >>> style_length((300, 400), "long"), style_length((100, 1600), "long")
        (400.0, 800.0)
    """
    return min(float(side_of(size, side)), 2 * math.sqrt(size[0] * size[1]))


def needed(config: StylizeConfig) -> Within:
    """The size at which a run needs its content, a mask of it or a picture for the initial canvas.

    Args:
        config: ``size``, ``side``, ``resample``, ``wrap`` and ``memory``.

    Returns:
        The `Within` for `images.files.io.read_picture`.
    """
    margin = _STRIDE if config.wrap != "none" else 0  # a side that wraps is rounded up to a multiple of the stride
    memory = None if config.memory_bytes is None else max(_FEW, config.memory_bytes - ELSEWHERE)
    return Within(config.size + margin, config.side, config.resample, memory)


def needed_of_styles(config: StylizeConfig) -> Within:
    """The size at which a run needs its style pictures: as `needed`, times the largest ``style_scale`` above 1.

    Args:
        config: as of `needed`, and ``style_scale``.

    Returns:
        The `Within` for `images.files.io.read_picture`.
    """
    content = needed(config)
    return replace(content, length=math.ceil(content.length * max(1.0, *config.style_scale)))


def parts_of(config: StylizeConfig, count: int) -> tuple[Part, ...]:
    """The part of each style in the mixture.

    Args:
        config: resolved; ``style_blend``, ``style_scale`` and ``style_blocks``.
        count: number of styles.

    Returns:
        One `Part` for each style.

    Raises:
        PictureError: there is no style.
        ConfigError: an option has values for another number of styles, or ``style_blocks`` is set although neighbours
            are matched.
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
    """Parse ``3-5`` or ``3``; the config has checked the format."""
    ends = [int(block) for block in text.split("-")]
    return range(ends[0], ends[-1] + 1)
