"""Where a demo picture comes from, and the note of it that lies beside the pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Origin", "describe_origins"]

_NOTE = """\
The other pictures here, named CONTENT-STYLE.png, were painted by Impasto from these; 'impasto inspect' tells how.
"""


@dataclass(frozen=True)
class Origin:
    """Title, author and licence of a picture, and where it was taken from."""

    title: str
    author: str
    licence: str
    source: str


def describe_origins(origins: Mapping[str, Origin]) -> str:
    """The text of ``ORIGINS.txt``: file names with what is known of each."""
    return "\n".join([*(_describe(name, origin) for name, origin in origins.items()), _NOTE])


def _describe(name: str, origin: Origin) -> str:
    lines = [f"  {field:<8} {value}\n" for field, value in dataclasses.asdict(origin).items()]
    return "".join([f"{name}\n", *lines])
