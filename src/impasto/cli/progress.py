"""Progress reports of a run: a live line on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..engine.progress import Progress

__all__ = ["LiveReport", "Pace", "PlainReport", "SilentReport", "clock", "on_a_screen", "open_report", "waiting"]

PLAIN_PERIOD = 5.0  # seconds between two plain lines
WINDOW = 20  # iterations over which the speed is measured


class Pace:
    """Speed and time left, from the last iterations of this scale. The time of an iteration is assumed to be
    proportional to the number of pixels.

    Args:
        plan: pixels and iterations of each scale, coarse to fine.
    """

    def __init__(self, plan: Sequence[tuple[int, int]]) -> None:
        self._plan = plan
        self._scale = 0
        self._recent: deque[tuple[float, int]] = deque(maxlen=WINDOW)

    def update(self, progress: Progress) -> tuple[float, float] | None:
        """Add an iteration.

        Args:
            progress: of the iteration.

        Returns:
            Iterations per second and seconds left; None before two iterations of this scale are done.
        """
        if progress.scale != self._scale:
            self._scale = progress.scale
            self._recent.clear()
        self._recent.append((progress.seconds, progress.iteration))
        seconds, done = (last - first for first, last in zip(self._recent[0], self._recent[-1], strict=True))
        if not seconds > 0 or not done > 0:
            return None
        pixels = progress.height * progress.width
        later = sum(area * count for area, count in self._plan[progress.scale :]) / pixels
        return done / seconds, (progress.iterations - progress.iteration + later) * seconds / done


class SilentReport:
    """A report that prints nothing, and the base of the others. It is used in a ``with`` block.

    Args:
        plan: as of `Pace`.
    """

    def __init__(self, plan: Sequence[tuple[int, int]] = ()) -> None:
        self._pace = Pace(plan)

    def __enter__(self) -> SilentReport:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, progress: Progress) -> None:
        """Report an iteration."""

    def say(self, line: str) -> None:
        """Print a line beside the progress."""

    def stopping(self) -> None:
        """Report that the run was asked to stop. Safe to call from a signal handler, so it does not write itself."""


class PlainReport(SilentReport):
    """Prints a line to stderr at the start of each scale, and then every 5 seconds."""

    def __init__(self, plan: Sequence[tuple[int, int]] = ()) -> None:
        super().__init__(plan)
        self._scale, self._told = 0, 0.0

    def show(self, progress: Progress) -> None:
        """Print a line, if one is due."""
        speed = self._pace.update(progress)
        if progress.note:
            self.say(progress.note)
        if progress.scale != self._scale or progress.seconds - self._told >= PLAIN_PERIOD:
            self._scale, self._told = progress.scale, progress.seconds
            count = f"iteration {progress.iteration}/{progress.iterations}"
            self.say("  ".join([_place(progress), count, _losses(progress), *_speed(speed)]))

    def say(self, line: str) -> None:
        """Print a line to stderr."""
        click.echo(line, err=True)


class LiveReport(SilentReport):
    """A line that is redrawn in place; notes are printed above it."""

    def __init__(self, plan: Sequence[tuple[int, int]] = ()) -> None:
        super().__init__(plan)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[rest]}"))
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("starting", rest="", total=None)

    def __enter__(self) -> SilentReport:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Redraw the line."""
        if progress.note:
            self.say(progress.note)
        speed = _speed(self._pace.update(progress))
        count = f"{progress.iteration}/{progress.iterations}"
        rest = "  ".join([count, *speed, _losses(progress)])
        self._bar.update(
            self._task, description=_place(progress), total=progress.iterations, completed=progress.iteration, rest=rest
        )

    def say(self, line: str) -> None:
        """Print a line above the live one."""
        self._bar.console.print(line, markup=False, highlight=False)

    def stopping(self) -> None:
        """Change the text that the drawing thread shows."""
        self._bar.update(self._task, rest="stopping after this iteration; Ctrl-C again aborts at once")


def open_report(quiet: bool, plan: Sequence[tuple[int, int]] = ()) -> SilentReport:
    """Make a report: silent if ``quiet``, live on a terminal, plain lines elsewhere.

    Args:
        quiet: print nothing.
        plan: as of `Pace`.

    Returns:
        The report.
    """
    if quiet:
        return SilentReport(plan)
    return LiveReport(plan) if on_a_screen() else PlainReport(plan)


def on_a_screen() -> bool:
    """Whether stderr is a terminal that can redraw a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def waiting(quiet: bool) -> AbstractContextManager[object]:
    """A ``with`` block with a spinner on a terminal, while PyTorch is imported and pictures are read."""
    if quiet or not on_a_screen():
        return nullcontext()
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner

    return Live(Spinner("dots", "loading"), console=Console(stderr=True), transient=True, refresh_per_second=12)


def _place(progress: Progress) -> str:
    return f"scale {progress.scale}/{progress.scales}  {progress.width}x{progress.height}"


def _losses(progress: Progress) -> str:
    """The loss, and its terms if there are several."""
    terms = [f"{name} {value:.3g}" for name, value in progress.terms.items() if value]
    return f"loss {progress.loss:.4g}" + (f" ({' '.join(terms)})" if len(terms) > 1 else "")


def _speed(speed: tuple[float, float] | None) -> list[str]:
    """``12.3 it/s`` and ``0:42 left``."""
    if speed is None:
        return []
    return [f"{speed[0]:.1f} it/s", f"{clock(speed[1])} left"]


def clock(seconds: float) -> str:
    """``0:42``, ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
