"""``--from PICTURE``: the run that a picture's record tells of, to be repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from ..errors import PictureError
from ..files import exists
from .options import Flag

if TYPE_CHECKING:
    from ..runs.record import Input, RunRecord

__all__ = [
    "Given",
    "are_recorded",
    "changed_inputs",
    "compare_pixels",
    "picture_flags",
    "record_in",
    "recorded_path",
    "recorded_pictures",
    "text_in",
]

Command = TypeVar("Command", bound=Callable[..., Any])


class Given(NamedTuple):
    """The pictures that were given: as arguments, the content first, or by ``--content`` and ``--style``."""

    arguments: tuple[str, ...] = ()
    content: str | None = None
    styles: tuple[str, ...] = ()

    def of(self, *, texture: bool = False) -> tuple[str | None, tuple[str, ...]]:
        """Content and styles; of a ``texture``, which has no content, all arguments are styles.

        Raises:
            UsageError: pictures are given in both ways, or a content for a texture.
        """
        if self.arguments and (self.content or self.styles):
            raise click.UsageError("pictures are given as arguments and by --content or --style: give them in one way")
        if texture and self.content:
            raise click.UsageError("a texture has no content: give its styles, with --style")
        if self.arguments and not texture:
            return self.arguments[0], self.arguments[1:]
        return self.content, self.arguments or self.styles


def picture_flags(command: Command) -> Command:
    """Decorates a command with the flags that `Given` takes."""
    style_help = "a STYLE picture by name, as where a recorded one is not found; again for more"
    command = click.option("--style", "style_flags", cls=Flag, metavar="FILE", multiple=True, help=style_help)(command)
    return click.option("--content", "content_flag", cls=Flag, metavar="FILE", help="the CONTENT picture by name")(
        command
    )


def text_in(path: str) -> str:
    """The text of the run record that a picture carries, or that a ``.json`` file is.

    Raises:
        PictureError: the file cannot be read, or carries no record.
    """
    from ..images.files.opening import read_record

    if Path(path).suffix.lower() == ".json":
        try:
            return Path(path).read_text("utf-8")
        except (OSError, ValueError) as error:
            raise PictureError(
                f"cannot read the record {path!r}: {_reason(error)}", "give a file that --record wrote"
            ) from error
    text = read_record(path)
    if text is None:
        raise PictureError(
            f"{path!r} carries no run record", "give a picture that impasto painted, or its record as .json"
        )
    return text


def record_in(path: str) -> RunRecord:
    """The run record of a picture or a ``.json`` file, with its inputs where they are found: see `found_inputs`.

    Raises:
        PictureError: the file cannot be read, or carries no record.
        ConfigError: what it carries is no record of this version.
    """
    from ..runs.record import parse_record
    from ..runs.record_files import found_inputs

    return found_inputs(parse_record(text_in(path)), Path(path).parent)


def recorded_path(entry: Input, role: str) -> str:
    """Where a picture of the recorded run lies.

    Raises:
        PictureError: it is not there any more, or was no file.
    """
    if not exists(entry["name"]):
        told = f"the recorded {role} picture {entry['name']!r} is not here"
        raise PictureError(told, f"say where it is with --{role}, or put it beside the file that tells of it")
    return entry["name"]


def recorded_pictures(record: RunRecord, given: Given) -> tuple[str | None, tuple[str, ...]]:
    """Content and styles of the recorded run, those that are given in their place; a texture has no content.

    Raises:
        PictureError: see `recorded_path`.
        UsageError: see `Given.of`.
    """
    recorded = record["content"]
    content, styles = given.of(texture=recorded is None)
    if content is None and recorded is not None:
        content = recorded_path(recorded, "content")
    return content, styles or tuple(recorded_path(style, "style") for style in record["styles"])


def are_recorded(paths: Sequence[str], entries: Sequence[Input]) -> bool:
    """Whether files or folders hold, one by one, the bytes that were recorded."""
    return [_digest(path) for path in paths] == [entry["sha256"] for entry in entries]


def changed_inputs(paths: Iterable[str], recorded: Mapping[str, Input]) -> list[str]:
    """Those of ``paths``, files or folders, whose bytes are not the recorded ones."""
    return [path for path in paths if _digest(path) != recorded[path]["sha256"]]


def compare_pixels(record: RunRecord, again: RunRecord, source: str) -> str:
    """A line that says whether the repeated run painted the same pixels, and if not, what differs beside them."""
    if record.get("pixels_sha256") == again["pixels_sha256"]:
        return f"the pixels are those of {source}"
    from ..runs.differences import differing_makers

    differing = differing_makers(record, again)
    return f"the pixels are not those of {source}: {'; '.join(differing) or 'nothing else that is recorded differs'}"


def _digest(path: str) -> str:
    from ..images.files.folder import digest_of

    try:
        return digest_of(path)
    except (OSError, PictureError):
        return ""  # reading the picture will say what is wrong


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
