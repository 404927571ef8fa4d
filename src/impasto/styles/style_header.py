"""The header of a style file, read without PyTorch, which takes seconds to import."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import StylizeConfig
from ..errors import StyleError

__all__ = ["FORMAT", "SUFFIX", "StyleHeader", "facts_in", "read_style_header", "style_bytes"]

SUFFIX = ".style"
FORMAT = "impasto style 1"


@dataclass(frozen=True, eq=False)
class StyleHeader:
    """The metadata of a style file, and the shapes of its tensors; see `style_file.LearntStyle` for both.

    Attributes:
        facts: the metadata, texts by name; most of them are JSON.
        shapes: shape of each tensor, by name.
        name: path of the file.
        sha256: of the file, as hex digits.
    """

    facts: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]
    name: str
    sha256: str

    def fact(self, name: str) -> Any:
        """The value of an entry of ``facts`` that is JSON."""
        return json.loads(self.facts[name])

    @property
    def config(self) -> StylizeConfig:
        """The resolved options that the style was learnt with."""
        return StylizeConfig(**self.fact("config"))

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes that the style was learnt at, in px along ``config.side``, ascending."""
        return tuple(sorted({int(name.split("/")[0]) for name in self.shapes if "/" in name}))

    def layers(self, size: int) -> tuple[str, ...]:
        """The layers with statistics at one of its sizes, sorted."""
        start = f"{size}/stats/"
        return tuple(sorted(name.removeprefix(start) for name in self.shapes if name.startswith(start)))

    def rows(self, size: int) -> int:
        """Number of hypercolumns at one of its sizes; 0 if there are none."""
        return next((shape[0] for name, shape in self.shapes.items() if name.startswith(f"{size}/bank/")), 0)

    def pictures(self, size: int) -> int:
        """Number of pictures at one of its sizes."""
        return sum(name.startswith(f"{size}/picture/") for name in self.shapes)


def facts_in(header: Mapping[str, Any]) -> dict[str, str]:
    """The metadata in the header of a safetensors file.

    Args:
        header: the parsed JSON header.

    Returns:
        Texts by name.

    Raises:
        ValueError, KeyError, AttributeError: the metadata are not those of a style.
    """
    facts: dict[str, str] = header["__metadata__"]
    if not facts["format"].startswith(FORMAT.rstrip("1")):
        raise ValueError
    return facts


def style_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a style file.

    Args:
        path: the file.

    Returns:
        All of its bytes.

    Raises:
        StyleError: the file cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StyleError(
            f"cannot read the style {os.fspath(path)!r}: {reason}", "check the name and its permissions"
        ) from error


def read_style_header(path: str | os.PathLike[str]) -> StyleHeader:
    """Read the header of a style file.

    Args:
        path: a file that `LearntStyle.save` wrote.

    Returns:
        The `StyleHeader`.

    Raises:
        StyleError: the file is missing, damaged, of a later version, or no style.
    """
    from safetensors import deserialize

    name, data = os.fspath(path), style_bytes(path)
    try:
        facts = facts_in(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]))
        shapes = {tensor: tuple(entry["shape"]) for tensor, entry in deserialize(data)}  # type: ignore[no-untyped-call]
        style = StyleHeader(facts, shapes, name, hashlib.sha256(data).hexdigest())
        complete = bool(style.sizes) and "colors" in shapes and bool(style.fact("weights")["sha256"])
    except Exception as error:  # bytes that anybody may have written: what two parsers raise of them has no bounds
        raise StyleError(f"{name!r} is no style file, or it is damaged", "make it with: impasto style learn") from error
    if facts["format"] != FORMAT:
        raise StyleError(f"{name!r} is of format {facts['format']!r}, this version reads {FORMAT!r}", "update impasto")
    if not complete:
        raise StyleError(f"{name!r} is damaged", "learn it again")
    return style
