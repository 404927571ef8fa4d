"""What a person sees while a run paints: a live line on a terminal, a plain line now and then elsewhere, or nothing."""

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
WINDOW = 20  # iterations that the speed is taken from


class Pace:
    """Speed and time left, from the last iterations of this scale; an iteration is taken to cost as much as it has
    pixels.

    Args:
        plan: pixels and iterations of each scale, coarse to fine.
    """

    def __init__(self, plan: Sequence[tuple[int, int]]) -> None:
        self._plan = plan
        self._scale = 0
        self._recent: deque[tuple[float, int]] = deque(maxlen=WINDOW)

    def update(self, progress: Progress) -> tuple[float, float] | None:
        """Iterations a second and seconds left; ``None`` before two iterations of this scale are done."""
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
    """Says nothing; the others say more. Use it in a ``with`` block."""

    def __init__(self, plan: Sequence[tuple[int, int]] = ()) -> None:
        self._pace = Pace(plan)

    def __enter__(self) -> SilentReport:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, progress: Progress) -> None:
        """Take note of one iteration."""

    def say(self, line: str) -> None:
        """Tell something beside the progress."""

    def stopping(self) -> None:
        """Tell that the run was asked to stop; safe to call from a signal handler, so it writes nothing itself."""


class PlainReport(SilentReport):
    """A line on stderr at the start of a scale, then every few seconds."""

    def __init__(self, plan: Sequence[tuple[int, int]] = ()) -> None:
        super().__init__(plan)
        self._scale, self._told = 0, 0.0

    def show(self, progress: Progress) -> None:
        """Write a line, if one is due."""
        speed = self._pace.update(progress)
        if progress.note:
            self.say(progress.note)
        if progress.scale != self._scale or progress.seconds - self._told >= PLAIN_PERIOD:
            self._scale, self._told = progress.scale, progress.seconds
            count = f"iteration {progress.iteration}/{progress.iterations}"
            self.say("  ".join([_place(progress), count, _losses(progress), *_speed(speed)]))

    def say(self, line: str) -> None:
        """Write ``line`` to stderr."""
        click.echo(line, err=True)


class LiveReport(SilentReport):
    """One line that is drawn anew; notes scroll by above it."""

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
        """Draw the line anew."""
        if progress.note:
            self.say(progress.note)
        speed = _speed(self._pace.update(progress))
        count = f"{progress.iteration}/{progress.iterations}"
        rest = "  ".join([count, *speed, _losses(progress)])
        self._bar.update(
            self._task, description=_place(progress), total=progress.iterations, completed=progress.iteration, rest=rest
        )

    def say(self, line: str) -> None:
        """Write ``line`` above the live one."""
        self._bar.console.print(line, markup=False, highlight=False)

    def stopping(self) -> None:
        """Leave a word for the thread that draws."""
        self._bar.update(self._task, rest="stopping after this iteration; Ctrl-C again aborts at once")


def open_report(quiet: bool, plan: Sequence[tuple[int, int]] = ()) -> SilentReport:
    """The report that fits: none when ``quiet``, live on a terminal, plain lines elsewhere."""
    if quiet:
        return SilentReport(plan)
    return LiveReport(plan) if on_a_screen() else PlainReport(plan)


def on_a_screen() -> bool:
    """Whether there is a terminal that can draw a line anew."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def waiting(quiet: bool) -> AbstractContextManager[object]:
    """A word on a terminal, drawn at once, for the seconds in which PyTorch is loaded and the pictures are read."""
    if quiet or not on_a_screen():
        return nullcontext()
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner

    return Live(Spinner("dots", "loading"), console=Console(stderr=True), transient=True, refresh_per_second=12)


def _place(progress: Progress) -> str:
    return f"scale {progress.scale}/{progress.scales}  {progress.width}x{progress.height}"


def _losses(progress: Progress) -> str:
    """The loss, and the terms it is made of if there are two or more."""
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
