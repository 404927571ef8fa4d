"""``impasto style``: learns styles, and describes style files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import STYLE_BANK, STYLE_SIZES, OutputConfig, StylizeConfig, options_about
from ..files import check_overwrites
from .inputs import check_new, left_out_of, no_clobber_flag
from .options import Flag, GroupedCommand, derived_flags, given_options
from .preset import PRESET_HELP, preset_config
from .progress import waiting
from .weights import fetch_missing

if TYPE_CHECKING:
    from ..styles.style_header import StyleHeader

__all__ = ["style"]

SIZES = ",".join(map(str, STYLE_SIZES))
BANK_HELP = f"positions to match that are kept at each size; where there are more, none are  [default {STYLE_BANK}]"


@click.group()
def style() -> None:
    """Learn styles once, and paint with them many times."""


@style.command(cls=GroupedCommand, options_metavar="[OPTIONS] -o FILE.style")
@click.argument("pictures", nargs=-1, required=True, metavar="PAINTING...")
@click.option("-o", "--output", cls=Flag, metavar="FILE", required=True, help="file to write; its name ends in .style")
@click.option("--sizes", cls=Flag, metavar="PX,...", default=SIZES, help=f"sizes to learn it at  [default {SIZES}]")
@click.option("--bank", cls=Flag, type=int, metavar="N", default=STYLE_BANK, help=BANK_HELP)
@click.option("--preset", cls=Flag, metavar="NAME", help=PRESET_HELP)
@no_clobber_flag
@derived_flags(only=options_about("learning"))
def learn(
    pictures: tuple[str, ...], output: str, sizes: str, bank: int, preset: str | None, no_clobber: bool, **flags: Any
) -> None:
    """Learn one style from each PAINTING, a picture or a folder of pictures, together.

    \b
    impasto style learn starry-night.jpg -o starry-night.style
    impasto style learn paintings -o van-gogh.style --objective gram
    impasto stylize photo.jpg van-gogh.style -o out.png

    FILE then stands for the paintings wherever a style is given, with the network and the layers that it was learnt
    with. At its sizes the result is the same to rounding; between them, the nearest one is taken.
    """
    if no_clobber:
        check_new(output)
    quiet = OutputConfig(**given_options(OutputConfig, flags)).quiet
    config, lengths = preset_config(preset, given_options(StylizeConfig, flags)), _sizes(sizes)
    fetch_missing(config, preset, quiet=quiet)
    if not quiet:
        for line in left_out_of(pictures):
            click.echo(f"impasto: warning: {line}", err=True)
    with waiting(quiet):
        from ..apps.learn_style import learn_style
        from ..runs.outputs import files_read
        from ..styles import check_style_output

        check_style_output(output)
        check_overwrites([output], files_read(pictures, config))
        learnt = learn_style(pictures, sizes=lengths, bank=bank, config=config)
        learnt.save(output)
    if not quiet:
        click.echo(f"{output}: {Path(output).stat().st_size / 2**20:.1f} MiB, {', '.join(map(str, learnt.sizes))} px")


@style.command()
@click.argument("file", metavar="FILE")
def show(file: str) -> None:
    """Print what the style FILE holds, and what it was learnt from."""
    from ..styles.style_header import read_style_header

    click.echo("\n".join(_described(read_style_header(file))))


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.UsageError(f"--sizes is {text!r}: give whole numbers of px, as in 64,128,256") from None


def _described(style: StyleHeader) -> Iterator[str]:
    """Lines on a style file."""
    weights, config = style.fact("weights"), style.config
    yield f"{style.name}: {style.facts['format']}, written by impasto {style.facts['impasto']}, sha256 {style.sha256}"
    for origin in style.fact("origins"):
        yield f"learnt from {origin['name']}, sha256 {origin['sha256']}"
    seen = (f"{option} {getattr(config, option)}" for option in ("pooling", "padding", "network_input"))
    network = f"{style.fact('backbone')} with the weights {weights['id']}, sha256 {weights['sha256']}"
    yield f"seen by {network}; {', '.join(seen)}"
    yield f"options {style.facts['config_sha256']}, as of objective {config.objective}"
    for size in style.sizes:
        yield f"{size} px along the {config.side} side: {_level(style, size)}"


def _level(style: StyleHeader, size: int) -> str:
    """What the file has at one size."""
    layers, rows, pictures = style.layers(size), style.rows(size), style.pictures(size)
    parts = {
        f"statistics of {', '.join(layers)}": layers,
        f"{rows} positions to match": rows,
        f"{pictures} picture{'s' * (pictures > 1)}": pictures,
    }
    return "; ".join(text for text, there in parts.items() if there)
