"""``impasto batch``: many pictures in many styles, with one network."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from ..config import OutputConfig, StylizeConfig
from .interrupt import Interrupt
from .options import Flag, GroupedCommand, derived_flags, given_options
from .preset import PRESET_HELP, departures, preset_config
from .report import Report, clock, open_report, waiting
from .stylize import summary
from .weights import fetch_missing

if TYPE_CHECKING:
    from ..api import Run
    from ..batches import Job, Painted

__all__ = ["batch"]

OUTPUT_HELP = (
    "names of the pictures, with {content}, {style} and {index}; without suffix a folder, for {content}_{style}.png in it"
)
STYLE_HELP = "a picture, or a folder whose pictures are taken as one style; give it again for more styles"


class _Stopped(BaseException):
    """A signal came: the picture that is being painted is given up."""


@click.command(cls=GroupedCommand, options_metavar="--style STYLE [OPTIONS] -o OUT")
@click.argument("contents", nargs=-1, required=True, metavar="CONTENT...")
@click.option("--style", "styles", cls=Flag, metavar="STYLE", multiple=True, required=True, help=STYLE_HELP)
@click.option("-o", "--output", cls=Flag, metavar="OUT", required=True, help=OUTPUT_HELP)
@click.option("--mix", cls=Flag, is_flag=True, help="mix the styles in one picture, by --style-blend, instead of one for each")
@click.option("--force", cls=Flag, is_flag=True, help="paint again what is there already")
@click.option("--preset", cls=Flag, metavar="NAME", help=PRESET_HELP)
@derived_flags(without=("record", "save_every"))
def batch(
    contents: tuple[str, ...], styles: tuple[str, ...], output: str, mix: bool, force: bool, preset: str | None, **flags: Any
) -> int:
    """Paint every CONTENT, a picture or a folder of pictures, in every style.

    \b
    impasto batch photos --style flow.jpg --style waves.jpg -o 'out/{content}_{style}.png'
    impasto batch a.jpg b.jpg --style paintings -o out --size 1024

    The network is loaded once. Pictures that are there already are left alone; what is wrong with one picture is told at
    the end, and the others are painted. Ctrl-C ends after the iteration that is running and gives up the picture that is
    being painted; the same command goes on from there. Exit code 2 says that a picture failed.
    """
    settings = OutputConfig(**given_options(OutputConfig, flags))
    config = preset_config(preset, given_options(StylizeConfig, flags))
    fetch_missing(config, preset, quiet=settings.quiet)
    wanted, painter = [styles] if mix else styles, _Painter(settings.quiet)
    with waiting(settings.quiet):
        from ..batches import batch as begin

        painting = begin(contents, wanted, output=output, force=force, paint=painter, save=settings, config=config, preset=preset)
    painter.jobs = painting.jobs
    if not settings.quiet:
        for line in departures(preset, config):
            click.echo(f"impasto: warning: {line}", err=True)
    with Interrupt(painter.stop) as interrupt, suppress(_Stopped):
        for painted in painting:
            painter.take(painted)
    code = painter.finish()
    return interrupt.code or code


class _Painter:
    """Paints each job with a report, and keeps count."""

    def __init__(self, quiet: bool) -> None:
        self.jobs: Sequence[Job] = ()
        self._quiet, self._began, self._report, self._stopping = quiet, time.monotonic(), Report(), False
        self._failed: list[Painted]
        self._painted, self._there, self._failed = 0, 0, []

    def __call__(self, job: Job, run: Run) -> None:
        """Paint ``job``, unless the batch is stopping."""
        plan = [(scale.size[0] * scale.size[1], scale.iterations) for scale in run.scales]
        with open_report(self._quiet, plan) as self._report:
            self._report.say(self._heading(job))
            for progress in run:
                self._report.show(progress)
                if self._stopping:
                    raise _Stopped

    def stop(self) -> None:
        """End after this iteration."""
        self._stopping = True
        self._report.stopping()

    def _heading(self, job: Job) -> str:
        """``[3/20] photo.jpg, painting.jpg, 4:10 left``."""
        done = self._painted + len(self._failed) + self._there
        heading = f"[{done + 1}/{len(self.jobs)}] {job.name}"
        if not self._painted:
            return heading
        return f"{heading}, {clock((time.monotonic() - self._began) / self._painted * (len(self.jobs) - done))} left"

    def take(self, painted: Painted) -> None:
        """Count a job that is done with, and say so."""
        if painted.error:
            self._failed.append(painted)
        elif painted.result is None:
            self._there += 1
        else:
            self._painted += 1
            if not self._quiet:
                click.echo(summary(str(painted.job.output), painted.result))

    def finish(self) -> int:
        """Tell what failed, and the whole in one line; the exit code, 2 where something failed."""
        for failed in self._failed:
            click.echo(f"impasto: error: {failed.job.name}: {failed.error}", err=True)
        left = len(self.jobs) - self._painted - self._there - len(self._failed)
        counts = {"painted": self._painted, "there already": self._there, "failed": len(self._failed), "left": left}
        if not self._quiet:
            click.echo(", ".join(f"{count} {what}" for what, count in counts.items() if count or what == "painted"))
        return 2 if self._failed else 0
