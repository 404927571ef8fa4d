"""Counts of a run over all its scales, and what the process takes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import psutil

from .schedule import ScalePlan

__all__ = ["Clock"]


class Clock:
    """Counts over all scales, from 0 or from where a saved run stood."""

    def __init__(self, plans: Sequence[ScalePlan], since: Mapping[str, Any]) -> None:
        self.scales, self.steps = len(plans), sum(plan.iterations for plan in plans)
        self.step: int = since.get("step", 0)
        self._began: float = time.perf_counter() - since.get("seconds", 0.0)
        self._process = psutil.Process()

    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._began

    def peak_memory(self) -> int:
        """Of this process so far, in bytes."""
        info = self._process.memory_info()
        return int(getattr(info, "peak_wset", 0)) or _peak_resident(info.rss)


def _peak_resident(now: int) -> int:
    try:
        import resource
        import sys
    except ImportError:  # Windows, where peak_wset has answered already
        return now
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
