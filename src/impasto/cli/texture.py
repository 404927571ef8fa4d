"""``impasto texture``: paints a texture in a style, without content."""

from __future__ import annotations

from typing import Any

import click

from ..config import OutputConfig, StylizeConfig, options_about
from ..errors import ConfigError
from .inputs import no_clobber_flag
from .options import Flag, GroupedCommand, derived_flags, given_options
from .preset import PRESET_HELP, preset_config
from .stylize import Request, carry_out

__all__ = ["texture"]

SIZE_HELP = "height and width of the texture in px, as in 256x384, or the side of a square"


@click.command(cls=GroupedCommand, options_metavar="[OPTIONS] -o OUT")
@click.argument("styles", nargs=-1, required=True, metavar="STYLE...")
@click.option(
    "-o", "--output", cls=Flag, metavar="OUT", required=True, help="picture to write; its suffix decides the format"
)
@click.option("--size", cls=Flag, metavar="HxW", default="512", help=f"{SIZE_HELP}  [default 512]")
@click.option("--preset", cls=Flag, metavar="NAME", help=PRESET_HELP)
@no_clobber_flag
@derived_flags(without=options_about("content", "shape", "regions"))
def texture(styles: tuple[str, ...], output: str, size: str, preset: str | None, no_clobber: bool, **flags: Any) -> int:
    """Paint a texture in one or more styles: strokes and colours of the STYLE pictures, and no content.

    \b
    impasto texture painting.jpg -o texture.png
    impasto texture painting.jpg --wrap xy --size 256x384 --seed 3 -o tile.png
    impasto texture a.jpg b.jpg --style-blend 2,1 -o mixed.png
    impasto texture painting.jpg --preset gatys2016 --backbone compact -o gatys.png

    With --wrap it continues over its border, so that copies of it join. Another --seed gives another texture. The
    picture carries its record: 'impasto stylize --from' repeats it.
    """
    config = preset_config(preset, {}).of_texture(*_sides(size), given_options(StylizeConfig, flags))
    settings = OutputConfig(**given_options(OutputConfig, flags))
    return carry_out(Request(None, styles, config, preset), output, settings, no_clobber=no_clobber)


def _sides(size: str) -> tuple[int, int]:
    """Parse ``256x384`` as height and width."""
    sides = size.lower().split("x")
    if not (len(sides) in (1, 2) and all(side.strip().isdecimal() for side in sides)):
        raise ConfigError(f"size is {size!r}", "give height and width in px, as in 256x384, or one number for a square")
    return int(sides[0]), int(sides[-1])
