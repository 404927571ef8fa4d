"""``impasto compare``: paints one pair in several ways, on one labelled sheet with loss curves."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..config import OutputConfig, StylizeConfig, options_about
from ..errors import ConfigError
from .inputs import check_new, no_clobber_flag
from .interrupt import Interrupt
from .many import Painter, Stopped
from .options import Flag, GroupedCommand, derived_flags, given_options, given_values
from .preset import departures
from .progress import waiting
from .weights import fetch_missing

__all__ = ["compare"]

OUTPUT_HELP = "sheet to write; the numbers go beside it, under the same name with the suffix .json"
PRESET_HELP = "a preset to compare ('default' is none); give it again for more; a single one is where values are varied"
VARY_HELP = (
    "values of an option to compare, as in style_weight=1,8,64; "
    "twice makes rows and columns; a:b is one value of several"
)
CELL_HELP = "long side of each picture on the sheet  [64 to 4096; default 320]"


@dataclass(frozen=True)
class _Sheet:
    """The sheet that is written.

    Attributes:
        path: of the sheet.
        cell: long side of each picture on it, in px.
        curves: whether the losses are drawn below the pictures.
    """

    path: str
    cell: int
    curves: bool

    @staticmethod
    def of(flags: Mapping[str, Any]) -> _Sheet:
        """Take it from the flags of the command.

        Raises:
            OutputError: it or its numbers exist, and ``no_clobber`` is set.
        """
        path = flags["output"]
        if flags["no_clobber"]:
            check_new(path, str(Path(path).with_suffix(".json")))
        return _Sheet(path, flags["cell"], flags["curves"])


@click.command(cls=GroupedCommand, options_metavar="[OPTIONS] -o SHEET")
@click.argument("content", metavar="CONTENT")
@click.argument("styles", nargs=-1, required=True, metavar="STYLE...")
@click.option("-o", "--output", cls=Flag, metavar="SHEET", required=True, help=OUTPUT_HELP)
@click.option("--preset", "presets", cls=Flag, metavar="NAME", multiple=True, help=PRESET_HELP)
@click.option("--vary", cls=Flag, metavar="NAME=A,B,...", multiple=True, help=VARY_HELP)
@click.option("--keep", cls=Flag, metavar="DIR", help="folder for the single pictures as well; made if missing")
@click.option("--cell", cls=Flag, type=click.IntRange(64, 4096), metavar="PX", default=320, help=CELL_HELP)
@click.option("--curves/--no-curves", cls=Flag, default=True, help="draw the losses below the pictures  [default yes]")
@no_clobber_flag
@derived_flags(without=options_about("one picture"))
def compare(
    content: str,
    styles: tuple[str, ...],
    presets: tuple[str, ...],
    vary: tuple[str, ...],
    keep: str | None,
    **flags: Any,
) -> int:
    """Paint CONTENT in the style of STYLE in several ways, and lay them out on one labelled sheet.

    \b
    impasto compare photo.jpg painting.jpg --vary strength=0.3,0.5,0.7 -o sheet.png
    impasto compare photo.jpg painting.jpg --preset default --preset gatys2016 --size 256 -o sheet.png
    impasto compare photo.jpg painting.jpg --objective gram --vary style_weight=1,8,64 \\
        --vary content_layers=relu3_1,relu4_2 --keep pictures -o sheet.png

    Each network is loaded once. What is wrong with one picture is told on the sheet and at the end, and the others are
    painted. Ctrl-C ends after the iteration that is running, and the sheet shows what is painted. Exit code 2 says that
    a picture failed.
    """
    settings, options = OutputConfig(**given_options(OutputConfig, flags)), given_options(StylizeConfig, flags)
    varied, sheet = _varied(vary), _Sheet.of(flags)
    with waiting(settings.quiet):
        from ..apps.compare import compare as begin
        from ..apps.compare import plan_cells

        cells = plan_cells(content, styles, presets, varied, options)
    for first in {cell.config.resolve().weights: cell for cell in cells}.values():
        fetch_missing(first.config, first.preset, quiet=settings.quiet)
    painter = Painter(settings.quiet)
    with waiting(settings.quiet):
        comparison = begin(content, styles, presets=presets, vary=varied, keep=keep, paint=painter, **options)
        comparison.check(sheet.path, curves=sheet.curves)
    painter.jobs = comparison.cells
    if not settings.quiet:
        for line in dict.fromkeys(line for cell in cells for line in departures(cell.preset, cell.config)):
            click.echo(f"impasto: warning: {line}", err=True)
    with Interrupt(painter.stop) as painter.interrupt, suppress(Stopped):
        for tried in comparison:
            painter.take(tried)
    code = painter.finish()
    if any(tried.result for tried in comparison.tried):
        comparison.save(sheet.path, cell=sheet.cell, curves=sheet.curves, quality=settings.quality)
        if not settings.quiet:
            click.echo(f"{sheet.path} shows them")
    return painter.interrupt.code or code


def _varied(given: tuple[str, ...]) -> dict[str, list[Any]]:
    """Parse the flags ``--vary``: values by option."""
    pairs = [given_values(text) for text in given]
    varied = dict(pairs)
    if len(varied) < len(pairs):
        raise ConfigError("an option is varied twice", "give all its values at once, as in style_weight=1,8,64")
    return varied
