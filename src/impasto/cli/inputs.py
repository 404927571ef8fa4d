"""Input files of commands: files in folders that are no pictures, and existing outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from ..errors import OutputError
from ..files import exists, is_folder
from .options import Flag

__all__ = ["check_new", "left_out_of", "no_clobber_flag"]

_NAMED = 5  # most names in a line

no_clobber_flag = click.option(
    "--no-clobber", cls=Flag, is_flag=True, help="refuse to replace a file that is there already"
)


def check_new(*outputs: str | None) -> None:
    """Check that no output exists yet.

    Args:
        outputs: paths; None is ignored.

    Raises:
        OutputError: a file exists.
    """
    for output in outputs:
        if output and exists(output):
            raise OutputError(f"{output!r} is there already", "give another name, or leave --no-clobber out")


def left_out_of(given: Iterable[Any], *, recursive: bool = False) -> list[str]:
    """List the files in input folders that are not pictures.

    Args:
        given: inputs; only folders matter.
        recursive: whether subfolders are read too.

    Returns:
        A line for each folder with such files.
    """
    from ..images.files.folder import left_out

    lines = []
    for folder in (each for each in given if is_folder(each)):
        names = [str(path.relative_to(folder)) for path in left_out(folder, recursive=recursive)]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            lines.append(f"left out of {str(folder)!r}, being no pictures: {', '.join(names[:_NAMED])}{more}")
    return lines
