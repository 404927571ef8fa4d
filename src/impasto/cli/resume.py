"""``impasto resume``: continues a run that was stopped or killed from its checkpoint."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ..config import OutputConfig
from ..errors import CheckpointError
from ..runs.claims import claim
from .masks import recorded_masks
from .options import Flag, GroupedCommand
from .progress import waiting
from .records import Given, picture_flags, recorded_pictures
from .stylize import paint, summary

if TYPE_CHECKING:
    from ..runs.checkpoint import Checkpoint

__all__ = ["resume"]


@click.command(cls=GroupedCommand, options_metavar="[OPTIONS]")
@click.argument("file", metavar="FILE")
@click.argument("pictures", nargs=-1, metavar="[CONTENT STYLE...]")
@click.option(
    "-o", "--output", cls=Flag, metavar="OUT", help="picture to write; by default the one that the run was to write"
)
@picture_flags
@click.option("--quiet", cls=Flag, is_flag=True, help="print errors only")
def resume(
    file: str,
    pictures: tuple[str, ...],
    output: str | None,
    content_flag: str | None,
    style_flags: tuple[str, ...],
    quiet: bool,
) -> int:
    """Go on with the run of a checkpoint, as if it had never been stopped.

    \b
    impasto resume out.png.checkpoint
    impasto resume out.png.checkpoint -o elsewhere.png
    impasto resume out.png.checkpoint --style moved/painting.jpg

    The pictures and the weights have to be the ones it began with; they are looked for where they lay, and beside FILE.
    On the same machine, with the same versions, the picture is the same to the bit.
    """
    with ExitStack() as held:
        with waiting(quiet):
            from ..api import resume as go_on
            from ..images.files.io import check_size
            from ..runs.checkpoint import read_checkpoint
            from ..runs.outputs import OutputFiles, check_outputs, files_read
            from ..runs.record import config_of

            since = read_checkpoint(file)
            output = output or _output(since, file)
            held.enter_context(claim(output, file))
            since = read_checkpoint(file)  # again: another process may have changed it before the claim
            settings = OutputConfig(**{**since.output.get("settings", {}), "quiet": quiet})
            content, styles = recorded_pictures(since.record, Given(pictures, content_flag, style_flags))
            given = [content, *styles, *recorded_masks(since.record), file]
            files = replace(OutputFiles.of(output, settings), checkpoint=None)  # it is an input
            check_outputs([files], files_read(given, config_of(since.record)), bits=settings.bits)
            run = go_on(since, content, styles)
            check_size(output, run.size)
        if not quiet:
            _tell_differences(since)
        result, code = paint(run, output, settings, file)
    if not quiet:
        click.echo(summary(output, result, file))
    return code


def _output(since: Checkpoint, file: str) -> str:
    """The picture that a checkpoint names."""
    if "path" not in since.output:
        raise CheckpointError(f"{file!r} does not say what picture to write", "give one with -o")
    return str(since.output["path"])


def _tell_differences(since: Checkpoint) -> None:
    """Print a warning if versions or machine differ, so that the result may not be exactly the same."""
    from ..runs.differences import differing_makers
    from ..runs.record import config_of, make_record

    record = since.record
    now = make_record(config_of(record), record["content"], record["styles"])
    if differing := differing_makers(record, now):
        click.echo(f"impasto: warning: not as when it began: {'; '.join(differing)}", err=True)
