"""The files that a command reads and those that it finds in its way: what it writes must be none of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from ..errors import OutputError
from ..files import exists, is_folder
from .options import Flag

__all__ = ["check_new", "left_out_of", "no_clobber_flag"]

_NAMED = 5  # files in one line

no_clobber_flag = click.option(
    "--no-clobber", cls=Flag, is_flag=True, help="refuse to replace a file that is there already"
)


def check_new(*outputs: str | None) -> None:
    """Refuse to replace anything.

    Raises:
        OutputError: one of them is there.
    """
    for output in outputs:
        if output and exists(output):
            raise OutputError(f"{output!r} is there already", "give another name, or leave --no-clobber out")


def left_out_of(given: Iterable[Any], *, recursive: bool = False) -> list[str]:
    """A line for each folder among what is given, that names the files in it which are no pictures."""
    from ..images.files.folder import left_out

    lines = []
    for folder in (each for each in given if is_folder(each)):
        names = [str(path.relative_to(folder)) for path in left_out(folder, recursive=recursive)]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            lines.append(f"left out of {str(folder)!r}, being no pictures: {', '.join(names[:_NAMED])}{more}")
    return lines
