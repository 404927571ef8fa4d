"""Records on the command line: the flags of pictures, reading a record, and comparing inputs and pixels with it."""

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
    """Pictures on the command line: as arguments, the content first, or by ``--content`` and ``--style``.

    Attributes:
        arguments: paths.
        content: the flag, or None.
        styles: the flags.
    """

    arguments: tuple[str, ...] = ()
    content: str | None = None
    styles: tuple[str, ...] = ()

    def of(self, *, texture: bool = False) -> tuple[str | None, tuple[str, ...]]:
        """Content and styles.

        Args:
            texture: whether there is no content, so that all arguments are styles.

        Returns:
            The content or None, and the styles.

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
    """Decorator that adds the flags of `Given` to a command."""
    style_help = "a STYLE picture by name, as where a recorded one is not found; again for more"
    command = click.option("--style", "style_flags", cls=Flag, metavar="FILE", multiple=True, help=style_help)(command)
    return click.option("--content", "content_flag", cls=Flag, metavar="FILE", help="the CONTENT picture by name")(
        command
    )


def text_in(path: str) -> str:
    """Read the text of a record.

    Args:
        path: a picture with an embedded record, or a ``.json`` file.

    Returns:
        The text.

    Raises:
        PictureError: the file cannot be read, or has no record.
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
    """Read a record, with the paths at which its inputs are found, see `runs.record_files.found_inputs`.

    Args:
        path: a picture with an embedded record, or a ``.json`` file.

    Returns:
        The record.

    Raises:
        PictureError: the file cannot be read, or has no record.
        ConfigError: the record is damaged or of another version.
    """
    from ..runs.record import parse_record
    from ..runs.record_files import found_inputs

    return found_inputs(parse_record(text_in(path)), Path(path).parent)


def recorded_path(entry: Input, role: str) -> str:
    """The path of a recorded input.

    Args:
        entry: of the record.
        role: ``content`` or ``style``, for the message.

    Returns:
        The path.

    Raises:
        PictureError: the file does not exist, or the input was not a file.
    """
    if not exists(entry["name"]):
        told = f"the recorded {role} picture {entry['name']!r} is not here"
        raise PictureError(told, f"say where it is with --{role}, or put it beside the file that tells of it")
    return entry["name"]


def recorded_pictures(record: RunRecord, given: Given) -> tuple[str | None, tuple[str, ...]]:
    """Content and styles of a recorded run, replaced by those that were given.

    Args:
        record: of the run.
        given: pictures on the command line.

    Returns:
        The content, or None for a texture, and the styles.

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
    """Whether files or folders have the recorded bytes, in the same order."""
    return [_digest(path) for path in paths] == [entry["sha256"] for entry in entries]


def changed_inputs(paths: Iterable[str], recorded: Mapping[str, Input]) -> list[str]:
    """The files or folders whose bytes differ from the recorded ones.

    Args:
        paths: to be checked.
        recorded: entries by path.

    Returns:
        Some of ``paths``.
    """
    return [path for path in paths if _digest(path) != recorded[path]["sha256"]]


def compare_pixels(record: RunRecord, again: RunRecord, source: str) -> str:
    """Compare the pixels of a repeated run with those of the record.

    Args:
        record: of the first run.
        again: of the repeated run.
        source: file with the first record, for the message.

    Returns:
        A line that says whether they are equal and, if not, what differs in versions and machine.
    """
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
        return ""  # the error is raised when the picture is read


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
