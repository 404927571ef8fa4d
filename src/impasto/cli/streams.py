"""Standard streams that may be closed or full: text that cannot be written is dropped, and the command continues."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

__all__ = ["Lenient", "lenient_streams"]


class Lenient:
    """A text stream that never raises. After the first error, nothing more is written.

    Args:
        stream: the stream; None if it is closed.

    Attributes:
        lost: the first error; None if everything was written.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.lost: Exception | None = None if stream else OSError("it is closed")
        self._stream = stream or io.StringIO()

    def write(self, text: str) -> int:
        """Write a text, or drop it. Characters that the encoding lacks, such as bytes of file names that are not UTF-8,
        become escapes.

        Args:
            text: to be written.

        Returns:
            The length of the text.

        Raises:
            TypeError: it is not a text.
        """
        if not isinstance(text, str):
            raise TypeError("text is expected")
        if self.lost is None:
            self._attempt(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream, or drop its buffer."""
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
        """Keep the error, and redirect the descriptor to the null device, so that the last flush does not fail."""
        self.lost = error
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


@contextmanager
def lenient_streams() -> Iterator[tuple[Lenient, Lenient]]:
    """A ``with`` block in which ``sys.stdout`` and ``sys.stderr`` never raise.

    Yields:
        Both streams.
    """
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
    """Open the null device for closed standard descriptors: otherwise the next opened file would get their number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                opened = os.open(os.devnull, os.O_RDWR)
                if opened != number:
                    os.dup2(opened, number)
                    os.close(opened)
