"""``--from PICTURE``: the run that a picture's record tells of, to be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PictureError

if TYPE_CHECKING:
    from ..runs import Input, RunRecord

__all__ = ["changed_inputs", "compare_pixels", "record_in", "recorded_path", "recorded_pictures", "text_in"]


def text_in(path: str) -> str:
    """The text of the run record that a picture carries, or that a ``.json`` file is.

    Raises:
        PictureError: the file cannot be read, or carries no record.
    """
    from ..images.io import read_record

    if Path(path).suffix.lower() == ".json":
        try:
            return Path(path).read_text("utf-8")
        except (OSError, ValueError) as error:
            raise PictureError(f"cannot read the record {path!r}: {_reason(error)}", "give a file that --record wrote") from error
    text = read_record(path)
    if text is None:
        raise PictureError(f"{path!r} carries no run record", "give a picture that impasto painted, or its record as .json")
    return text


def record_in(path: str) -> RunRecord:
    """The run record of a picture or a ``.json`` file.

    Raises:
        PictureError: the file cannot be read, or carries no record.
        ConfigError: what it carries is no record of this version.
    """
    from ..runs import parse_record

    return parse_record(text_in(path))


def recorded_path(entry: Input, role: str) -> str:
    """Where a picture of the recorded run lies.

    Raises:
        PictureError: it is not there any more, or was no file.
    """
    if not Path(entry["name"]).exists():
        name, argument = entry["name"], role.upper()
        raise PictureError(f"the recorded {role} picture {name!r} is not here", f"give {argument}, or go to the folder it was in")
    return entry["name"]


def recorded_pictures(record: RunRecord, given: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """Content and styles of the recorded run, those that are given in their place; a texture has no content.

    Raises:
        PictureError: see `recorded_path`.
    """
    content, recorded = None, record["content"]
    if recorded is not None:
        content, given = (given[0], given[1:]) if given else (recorded_path(recorded, "content"), ())
    return content, given or tuple(recorded_path(style, "style") for style in record["styles"])


def changed_inputs(paths: Iterable[str], recorded: Mapping[str, Input]) -> list[str]:
    """Those of ``paths``, files or folders, whose bytes are not the recorded ones."""
    return [path for path in paths if _digest(path) != recorded[path]["sha256"]]


def compare_pixels(record: RunRecord, again: RunRecord, source: str) -> str:
    """A line that says whether the repeated run painted the same pixels, and if not, what differs beside them."""
    if record.get("pixels_sha256") == again["pixels_sha256"]:
        return f"the pixels are those of {source}"
    from ..runs import differing_makers

    differing = differing_makers(record, again)
    return f"the pixels are not those of {source}: {'; '.join(differing) or 'nothing else that is recorded differs'}"


def _digest(path: str) -> str:
    from ..images.folder import digest_of

    try:
        return digest_of(path)
    except (OSError, PictureError):
        return ""  # reading the picture will say what is wrong


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
