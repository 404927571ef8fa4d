"""Painting of many jobs, with a progress report for each and a summary of all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ..config import OutputConfig
from .interrupt import Interrupt
from .output import Keeper, Pauses
from .progress import SilentReport, clock, open_report
from .stylize import DIVERGED, diverged, summary

if TYPE_CHECKING:
    from pathlib import Path

    from ..api import Run
    from ..apps.batch import Painted
    from ..apps.jobs import Job
    from ..runs.result import Result

__all__ = ["Painter", "Stopped"]


class Stopped(BaseException):
    """A signal was received: the present picture is left unfinished, with a checkpoint."""


class Painter:
    """Paints jobs with progress reports, and counts the results.

    Args:
        quiet: print errors only.
        settings: how outputs and checkpoints are written; None writes none.

    Attributes:
        interrupt: handles signals; it has to be set before the first job.
        jobs: all jobs; they have to be set before the first one.
    """

    interrupt: Interrupt

    def __init__(self, quiet: bool, settings: OutputConfig | None = None) -> None:
        self.jobs: Sequence[Job] = ()
        self._settings = settings
        self._quiet, self._began, self._report, self._stopping = quiet, time.monotonic(), SilentReport(), False
        self._failed: list[Painted]
        self._diverged: list[str]
        self._otherwise: list[str] = []
        self._painted, self._there, self._elsewhere, self._failed, self._diverged = 0, 0, 0, [], []

    def __call__(self, job: Job, run: Run) -> Result | None:
        """Paint a job.

        Args:
            job: the job.
            run: its run.

        Returns:
            The result, if the output was written; otherwise None.

        Raises:
            Stopped: a signal was received.
            OutputError: see `Keeper.finish`.
        """
        plan = [(scale.size[0] * scale.size[1], scale.iterations) for scale in run.scales]
        with open_report(self._quiet, plan) as self._report:
            self._report.say(self._heading(job))
            keeper = self._keeper(run, job.output) if job.output else None
            with self.interrupt.bounded():
                for progress in run:
                    self._report.show(progress)
                    if keeper:
                        keeper.after(progress, stopping=self._stopping)
                    if self._stopping:
                        break
            if self._stopping:
                raise Stopped
            return keeper.finish(self.interrupt) if keeper else None

    def _keeper(self, run: Run, output: Path) -> Keeper | None:
        """Writes the output of a job; None if no outputs are written."""
        if self._settings is None:
            return None
        return Keeper(
            run, output, self._settings, self._report.say, pauses=click.get_current_context().ensure_object(Pauses)
        )

    def stop(self) -> None:
        """End after the present iteration; safe to call from a signal handler."""
        self._stopping = True
        self._report.stopping()

    def _heading(self, job: Job) -> str:
        """``[3/20] photo.jpg, painting.jpg, 4:10 left``."""
        done = self._painted + len(self._failed) + self._there + self._elsewhere
        heading = f"[{done + 1}/{len(self.jobs)}] {job.name}"
        if not self._painted:
            return heading
        return f"{heading}, {clock((time.monotonic() - self._began) / self._painted * (len(self.jobs) - done))} left"

    def take(self, painted: Painted) -> None:
        """Count a job, and print its summary.

        Args:
            painted: its result.
        """
        if painted.error:
            self._failed.append(painted)
        elif painted.claimed:
            self._elsewhere += 1
        elif painted.result is None:
            self._there += 1
            self._otherwise += [str(painted.job.output)] if painted.otherwise else []
        else:
            self._painted += 1
            if painted.result.reason == DIVERGED:
                self._diverged.append(diverged(str(painted.job.output or painted.job.name), painted.result))
            if not self._quiet:
                click.echo(summary(str(painted.job.output or painted.job.name), painted.result))

    def finish(self) -> int:
        """Print all errors, and a line with the counts.

        Returns:
            The exit code: 2 if a job failed, 1 if a run diverged, otherwise 0.
        """
        for line in (*(f"{failed.job.name}: {failed.error}" for failed in self._failed), *self._diverged):
            click.echo(f"impasto: error: {line}", err=True)
        left = len(self.jobs) - self._painted - self._there - self._elsewhere - len(self._failed)
        counts = {
            "painted": self._painted - len(self._diverged),
            "there already": self._there,
            "painted by another process": self._elsewhere,
            "diverged": len(self._diverged),
            "failed": len(self._failed),
            "left": left,
        }
        if not self._quiet:
            if others := self._otherwise:
                more = f" and {len(others) - 1} more" if len(others) > 1 else ""
                repainted = (
                    f"{others[0]}{more} of those there already: painted from other pictures or with other options"
                )
                click.echo(f"impasto: warning: {repainted}; --force paints them again", err=True)
            click.echo(", ".join(f"{count} {what}" for what, count in counts.items() if count or what == "painted"))
        return 2 if self._failed else int(bool(self._diverged))
