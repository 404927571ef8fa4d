"""``impasto demo``: paints the demo pictures."""

from __future__ import annotations

from pathlib import Path

import click

from .progress import waiting

__all__ = ["demo"]


@click.command()
@click.option(
    "-o", "--output", metavar="DIR", default="out", show_default=True, help="folder to paint into; made if missing"
)
@click.option("--quiet", is_flag=True, help="print errors only")
def demo(output: str, quiet: bool) -> None:
    """Paint the demo pictures and a contact sheet of them into a folder."""
    with waiting(quiet):
        from ..demo import paint_demo

    written = paint_demo(Path(output), on_progress=lambda line: None if quiet else click.echo(line, err=True))
    if not quiet:
        click.echo(f"the pictures are in {output}; {written[-1]} shows them all")
