"""Counts of steps over all scales of a run, elapsed time, and memory of the process."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import psutil

from .schedule import ScalePlan

__all__ = ["Clock"]


class Clock:
    """Counts over all scales, starting at 0, or where a saved run stood.

    Args:
        plans: all scales of the run.
        since: the saved state of a run that is continued, with ``step`` and ``seconds``; empty for a new one.
    """

    def __init__(self, plans: Sequence[ScalePlan], since: Mapping[str, Any]) -> None:
        self.scales, self.steps = len(plans), sum(plan.iterations for plan in plans)
        self.step: int = since.get("step", 0)
        self._began: float = time.perf_counter() - since.get("seconds", 0.0)
        self._process = psutil.Process()

    def seconds(self) -> float:
        """Seconds since the start of the run, those before it was saved included."""
        return time.perf_counter() - self._began

    def peak_memory(self) -> int:
        """Peak resident memory of this process so far, in bytes."""
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
