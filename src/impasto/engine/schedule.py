"""Sizes and iterations from coarse to fine: arithmetic on numbers, no tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..config import StylizeConfig
from ..config.concerns import Scales
from ..errors import PictureError
from ..images.resample import fit_size, side_of
from ..types import Size

__all__ = ["ScalePlan", "finished_size", "plan_scales", "refining_from"]

_FINEST_SHORT = 16  # px: the deepest layers have a stride of 16
_STRIDE = 16  # px: that of the deepest layers, of which a tiled side is made a multiple
_COARSE_SHORT = 32  # px: below, a scale shows too little to be worth its time


@dataclass(frozen=True)
class ScalePlan:
    """One size of the canvas.

    Attributes:
        size: (height, width) in px.
        iterations: spent on it.
        split: whether layers are matched one by one, in a last pass.
        refines: whether it keeps the matches of the scale below, and only adds detail.
    """

    size: Size
    iterations: int
    split: bool = False
    refines: bool = False


def plan_scales(config: StylizeConfig, size: Size) -> tuple[ScalePlan, ...]:
    """The scales of a run, coarse to fine; the last has ``config.size`` along ``config.side``, or is as large as the content.

    Where neighbours are matched, ``config.split_iterations`` more follow at the last size, as a scale of their own.

    A side that is tiled is painted at the next multiple of 16 px, so that every layer's last cell ends where its first one
    begins; what is finished is then resized to `finished_size`.

    Iterations belong to a position counted from the coarsest scale. Coarser scales whose short side is below 32 px are left
    out, and their iterations with them, so that a narrow picture spends on each size what any other picture does.

    Args:
        config: ``size``, ``side``, ``enlarge``, ``coarsest``, ``scale_ratio``, ``scale_count`` and ``iterations``; resolved here
            if it is not yet.
        size: (height, width) of the content picture, of which the aspect is kept.

    Raises:
        PictureError: the canvas' short side would be below 16 px.
    """
    config = config.resolve()
    options = config.scales
    length = side_of(finished_size(config, size), options.side)
    count = options.scale_count or _default_count(options, length)
    lengths = [length / options.scale_ratio**k for k in reversed(range(count))]
    sizes = [_closed(fit_size(size, max(1, round(length)), options.side), options.wrap) for length in lengths]
    counts = options.iterations
    scales = [ScalePlan(size, counts[min(k, len(counts) - 1)]) for k, size in enumerate(sizes)]
    coarser = [scale for scale in scales[:-1] if min(scale.size) >= _COARSE_SHORT]
    last = options.split_iterations if config.neighbour_weight else 0
    return refining_from(config, [*coarser, scales[-1], *([ScalePlan(scales[-1].size, last, split=True)] if last else [])])


def refining_from(config: StylizeConfig, plans: Sequence[ScalePlan]) -> tuple[ScalePlan, ...]:
    """The plans, with those that refine marked: where matches of hypercolumns are kept from ``full_scales`` on.

    This is the one place that decides it; the loop, the memory plan and the forecast read it.
    """
    matching, full = config.matching, config.scales.full_scales
    matches = bool(matching.neighbour_weight) and matching.neighbour_match == "hypercolumns" and full > 0
    return tuple(replace(plan, refines=matches and k >= full and not plan.split) for k, plan in enumerate(plans))


def finished_size(config: StylizeConfig, size: Size) -> Size:
    """The size (height, width) of the finished picture, for a content picture of ``size``; errors are those of `plan_scales`."""
    own = side_of(size, config.side)
    finished = fit_size(size, config.size if config.enlarge else min(config.size, own), config.side)
    if min(finished) < _FINEST_SHORT:
        raise _too_narrow(size, finished, math.ceil(_FINEST_SHORT * own / min(size)))
    return finished


def _closed(size: Size, wrap: str) -> Size:
    """``size`` with its tiled sides rounded up to whole strides."""
    height, width = (-(-side // _STRIDE) * _STRIDE if axis in wrap else side for axis, side in zip("yx", size, strict=True))
    return height, width


def _default_count(options: Scales, length: int) -> int:
    """As many scales as bring the coarsest nearest to the option ``coarsest``."""
    return max(1, round(math.log(length / options.coarsest, options.scale_ratio)) + 1)


def _too_narrow(size: Size, finest: Size, needed: int) -> PictureError:
    return PictureError(
        f"a picture of {size[1]} x {size[0]} px becomes a canvas of {finest[1]} x {finest[0]} px, too narrow to paint on",
        f"crop the picture, or give a size of {needed} px or more: the short side must have {_FINEST_SHORT} px",
    )
