"""``impasto batch``: paints many pictures in many styles, with one network."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click

from ..config import OutputConfig, StylizeConfig, options_about
from ..errors import ConfigError
from .inputs import left_out_of
from .interrupt import Interrupt
from .many import Painter, Stopped
from .masks import GivenMasks, mask_flags
from .options import Flag, GroupedCommand, derived_flags, given_options
from .preset import PRESET_HELP, departures, preset_config
from .progress import waiting
from .weights import fetch_missing

__all__ = ["batch"]

OUTPUT_HELP = (
    "names of the pictures, with {content}, {style} and {index}; "
    "without suffix a folder, for {content}_{style}.png in it"
)
STYLE_HELP = "a picture, or a folder whose pictures are taken as one style; give it again for more styles"


@dataclass(frozen=True)
class _Pairs:
    """Which pictures are painted: the arguments of the same names of `apps.batch.batch`."""

    contents: tuple[str, ...]
    styles: tuple[Any, ...]
    output: str
    recursive: bool
    force: bool

    @staticmethod
    def of(flags: Mapping[str, Any]) -> _Pairs:
        """Those of the flags of the command; with ``mix`` all styles are one, a list of them."""
        styles = (flags["styles"],) if flags["mix"] else flags["styles"]
        return _Pairs(flags["contents"], styles, flags["output"], flags["recursive"], flags["force"])


@click.command(cls=GroupedCommand, options_metavar="--style STYLE [OPTIONS] -o OUT")
@click.argument("contents", nargs=-1, required=True, metavar="CONTENT...")
@click.option("--style", "styles", cls=Flag, metavar="STYLE", multiple=True, required=True, help=STYLE_HELP)
@click.option("-o", "--output", cls=Flag, metavar="OUT", required=True, help=OUTPUT_HELP)
@click.option(
    "--mix", cls=Flag, is_flag=True, help="mix the styles in one picture, by --style-blend, instead of one for each"
)
@click.option(
    "--recursive", cls=Flag, is_flag=True, help="take the folders in a CONTENT folder too; OUT gets folders like them"
)
@click.option("--force", cls=Flag, is_flag=True, help="paint again what is there already")
@click.option("--preset", cls=Flag, metavar="NAME", help=PRESET_HELP)
@mask_flags(hidden=True)
@derived_flags(without=options_about("one run"))
def batch(preset: str | None, **flags: Any) -> int:
    """Paint every CONTENT, a picture or a folder of pictures, in every style.

    \b
    impasto batch photos --style flow.jpg --style waves.jpg -o 'out/{content}_{style}.png'
    impasto batch a.jpg b.jpg --style paintings -o out --size 1024

    The network is loaded once. Pictures that are there already are left alone; what is wrong with one picture is told
    at the end, and the others are painted. Ctrl-C ends after the iteration that is running and leaves a checkpoint of
    the picture that is being painted; the same command goes on from there. Exit code 2 says that a picture failed.
    """
    if GivenMasks.of(flags).files:
        raise ConfigError("masks are of one picture", "paint it with: impasto stylize")
    settings = OutputConfig(**given_options(OutputConfig, flags))
    config = preset_config(preset, given_options(StylizeConfig, flags))
    fetch_missing(config, preset, quiet=settings.quiet)
    pairs, painter = _Pairs.of(flags), Painter(settings.quiet, settings)
    with waiting(settings.quiet):
        from ..apps.batch import batch as begin

        painting = begin(**vars(pairs), paint=painter, save=settings, config=config, preset=preset)
        warnings = [*left_out_of(pairs.contents, recursive=pairs.recursive), *left_out_of(flags["styles"])]
    painter.jobs = painting.jobs
    if not settings.quiet:
        for line in [*departures(preset, config), *warnings]:
            click.echo(f"impasto: warning: {line}", err=True)
    with Interrupt(painter.stop) as painter.interrupt, suppress(Stopped):
        for painted in painting:
            painter.take(painted)
    code = painter.finish()
    return painter.interrupt.code or code
