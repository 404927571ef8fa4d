"""How many threads of the processor each scale of a run is painted on: by its size alone, so that it repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from ..config.options import MOST_THREADS
from ..devices import SMALL_CANVAS
from ..engine.schedule import ScalePlan

__all__ = ["with_threads"]


def with_threads(plans: Sequence[ScalePlan], given: Sequence[int] = ()) -> tuple[ScalePlan, ...]:
    """The plans with a number of threads each.

    Small canvases get one, all others as many as PyTorch has here: the processor's cores, or fewer where
    ``OMP_NUM_THREADS`` or `torch.set_num_threads` says so.

    Args:
        plans: all scales of a run, coarse to fine.
        given: the option ``threads``; the last number serves all finer scales, and none chooses.

    Examples:
        >>> plans = [ScalePlan((48, 64), 9), ScalePlan((96, 128), 9), ScalePlan((1536, 2048), 9)]
        >>> [plan.threads for plan in with_threads(plans, (1, 4))]
        [1, 4, 4]
    """
    counts = given or [1 if plan.size[0] * plan.size[1] <= SMALL_CANVAS else _most() for plan in plans]
    return tuple(replace(plan, threads=counts[min(k, len(counts) - 1)]) for k, plan in enumerate(plans))


def _most() -> int:
    return min(torch.get_num_threads(), MOST_THREADS)
