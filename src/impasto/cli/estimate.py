"""``impasto estimate``: the memory and time that a run would take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..config import StylizeConfig
from .options import Flag, GroupedCommand, derived_flags, given_options
from .preset import PRESET_HELP, preset_config
from .progress import clock, waiting
from .weights import fetch_missing

if TYPE_CHECKING:
    from ..runs.forecast import Forecast

__all__ = ["estimate", "forecast_line"]


@click.command(cls=GroupedCommand, options_metavar="[OPTIONS]")
@click.argument("content", metavar="CONTENT")
@click.argument("styles", nargs=-1, required=True, metavar="STYLE...")
@click.option("--preset", cls=Flag, metavar="NAME", help=PRESET_HELP)
@derived_flags()
def estimate(content: str, styles: tuple[str, ...], preset: str | None, quiet: bool | None, **flags: Any) -> None:
    """Say what painting CONTENT in the style of STYLE pictures would take, with the flags of stylize; nothing is
    painted.

    \b
    impasto estimate photo.jpg painting.jpg --size 4096
    impasto estimate photo.jpg painting.jpg --size 4096 --memory 3GB
    """
    config = preset_config(preset, given_options(StylizeConfig, flags))
    fetch_missing(config, preset, quiet=bool(quiet))
    with waiting(bool(quiet)):
        from ..api import iterate

        line = forecast_line(iterate(content, styles, config=config, preset=preset).forecast())
    click.echo(line)


def forecast_line(forecast: Forecast) -> str:
    """A forecast as a line: ``2048 x 1536 px: about 2.6 GB of memory, in tiles of 512 px, and 14:20 of painting``."""
    height, width = forecast.size
    why = " (with less it cannot be painted at this size)" if forecast.least else ""
    tiles = f"{why}, in tiles of {forecast.tile_size} px," if forecast.tile_size else why
    memory, time = f"{forecast.memory / 1e9:.1f} GB", clock(forecast.seconds)
    return f"{width} x {height} px: about {memory} of memory{tiles} and {time} of painting"
