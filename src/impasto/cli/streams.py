"""Standard streams that may be closed, full or read by nobody: what cannot be written is dropped, and work goes on."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

__all__ = ["Lenient", "lenient_streams"]


class Lenient:
    """A text stream that never raises: the first error ends its writing, and is kept.

    Attributes:
        lost: the error; None while everything was written. A stream that was closed from the start has lost all of it.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.lost: Exception | None = None if stream else OSError("it is closed")
        self._stream = stream or io.StringIO()

    def write(self, text: str) -> int:
        """Write ``text``, or drop it. What the stream's encoding lacks, as bytes of names that are no UTF-8, become
        escapes."""
        if not isinstance(text, str):
            raise TypeError("text is expected")
        if self.lost is None:
            self._attempt(text)
        return len(text)

    def flush(self) -> None:
        """Flush it, or drop what it holds."""
        if self.lost is None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._drop(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _attempt(self, text: str) -> None:
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                encoding = self._stream.encoding or "utf-8"
                self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except (OSError, ValueError) as error:  # ValueError: it was closed meanwhile
            self._drop(error)

    def _drop(self, error: Exception) -> None:
        """Point the descriptor at nothing, so that the interpreter's last flush does not complain."""
        self.lost = error
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


@contextmanager
def lenient_streams() -> Iterator[tuple[Lenient, Lenient]]:
    """A ``with`` block in which ``sys.stdout`` and ``sys.stderr`` are lenient ones."""
    _occupy_descriptors()
    before, streams = (sys.stdout, sys.stderr), (Lenient(sys.stdout), Lenient(sys.stderr))
    sys.stdout, sys.stderr = streams
    try:
        yield streams
    finally:
        for stream in streams:
            stream.flush()
        sys.stdout, sys.stderr = before


def _occupy_descriptors() -> None:
    """Give a closed standard descriptor to the null device: the next file that is opened would become standard
    error."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                opened = os.open(os.devnull, os.O_RDWR)
                if opened != number:
                    os.dup2(opened, number)
                    os.close(opened)
