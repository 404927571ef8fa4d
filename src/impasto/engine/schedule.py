"""The plan of a run: sizes and iterations of its scales, from coarse to fine. Arithmetic on numbers, no tensors."""

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
_STRIDE = 16  # px: stride of the deepest layers; wrapped sides are rounded up to a multiple of it
_COARSE_SHORT = 32  # px: least short side of a coarser scale


@dataclass(frozen=True)
class ScalePlan:
    """The plan of one scale.

    Attributes:
        size: (height, width) in px.
        iterations: number of solver steps.
        split: whether each layer is matched by itself, as in the last pass.
        refines: whether it keeps the matches of the scale below, and only adds detail.
        threads: of the processor; 0 for as many as PyTorch has.
    """

    size: Size
    iterations: int
    split: bool = False
    refines: bool = False
    threads: int = 0


def plan_scales(config: StylizeConfig, size: Size) -> tuple[ScalePlan, ...]:
    """Plan the scales of a run, coarse to fine.

    The last scale has ``config.size`` px along ``config.side``, or the size of the content if that is smaller and
    ``enlarge`` is not set. Each coarser scale is smaller by ``config.scale_ratio``. Where neighbours are matched, a
    scale of ``config.split_iterations`` follows at the last size.

    The iterations are given from the coarsest scale on; the last value is repeated. Scales, except for the last one,
    whose short side is below 32 px are left out together with their iterations, so that a narrow picture spends as many
    iterations at each size as any other one.

    A side that wraps is rounded up to a multiple of 16 px, so that the cells of every layer fit into it; the result is
    resized to `finished_size` in the end.

    Args:
        config: ``size``, ``side``, ``enlarge``, ``coarsest``, ``scale_ratio``, ``scale_count`` and ``iterations``;
            resolved if it is not yet.
        size: (height, width) of the content, of which the aspect ratio is kept.

    Returns:
        The plans, coarse to fine.

    Raises:
        PictureError: the short side of the canvas would be below 16 px.

    Examples:
        >>> from impasto.config import StylizeConfig
        >>> config = StylizeConfig(objective="gram", size=512, coarsest=128, scale_ratio=2.0, iterations=(300, 100))
        >>> [(plan.size, plan.iterations) for plan in plan_scales(config, (600, 800))]
        [((96, 128), 300), ((192, 256), 100), ((384, 512), 100)]
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
    split = [ScalePlan(scales[-1].size, last, split=True)] if last else []
    return refining_from(config, [*coarser, scales[-1], *split])


def refining_from(config: StylizeConfig, plans: Sequence[ScalePlan]) -> tuple[ScalePlan, ...]:
    """Mark the scales that keep the matches of the scale below.

    If hypercolumns are matched, these are the scales from index ``full_scales`` on, except for the last pass. This is
    the only place where it is decided; the loop, the memory plan and the forecast read it.

    Args:
        config: ``full_scales``, ``neighbour_weight`` and ``neighbour_match``.
        plans: coarse to fine.

    Returns:
        The plans, with ``refines`` set.
    """
    matching, full = config.matching, config.scales.full_scales
    matches = bool(matching.neighbour_weight) and matching.neighbour_match == "hypercolumns" and full > 0
    return tuple(replace(plan, refines=matches and k >= full and not plan.split) for k, plan in enumerate(plans))


def finished_size(config: StylizeConfig, size: Size) -> Size:
    """The size (height, width) of the finished picture.

    Args:
        config: ``size``, ``side`` and ``enlarge``.
        size: (height, width) of the content.

    Returns:
        (height, width) in px.

    Raises:
        PictureError: the short side would be below 16 px.
    """
    own = side_of(size, config.side)
    finished = fit_size(size, config.size if config.enlarge else min(config.size, own), config.side)
    if min(finished) < _FINEST_SHORT:
        raise _too_narrow(size, finished, math.ceil(_FINEST_SHORT * own / min(size)))
    return finished


def _closed(size: Size, wrap: str) -> Size:
    """``size`` with its wrapped sides rounded up to multiples of the stride of the deepest layers."""
    sides = zip("yx", size, strict=True)
    height, width = (-(-side // _STRIDE) * _STRIDE if axis in wrap else side for axis, side in sides)
    return height, width


def _default_count(options: Scales, length: int) -> int:
    """The number of scales for which the coarsest one is nearest to the option ``coarsest``."""
    return max(1, round(math.log(length / options.coarsest, options.scale_ratio)) + 1)


def _too_narrow(size: Size, finest: Size, needed: int) -> PictureError:
    becomes = f"a picture of {size[1]} x {size[0]} px becomes a canvas of {finest[1]} x {finest[0]} px"
    return PictureError(
        f"{becomes}, too narrow to paint on",
        f"crop the picture, or give a size of {needed} px or more: the short side must have {_FINEST_SHORT} px",
    )
