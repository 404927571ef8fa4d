"""Every error Impasto raises on purpose, each with a hint that says what to do.

The tree::

    ImpastoError
    ├── ConfigError      an option is unknown, out of range, or contradicts another   (also a ValueError)
    ├── PictureError     a picture cannot be read, or cannot be used as it is
    │   └── OutputError  a picture, record or folder cannot be written
    ├── CheckpointError  a checkpoint cannot be read, or its run cannot go on
    ├── StyleError       a style file is missing, damaged, or of another network
    ├── WeightsError     a weights file is missing, damaged, or of another network
    │   └── DownloadError  a weights file could not be fetched
    ├── DeviceError      the device or precision asked for is not there
    └── CapacityError    the run would not fit into memory

``str(error)`` is one line: the message, then the hint. The command line prints it and exits with 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "CapacityError",
    "CheckpointError",
    "ConfigError",
    "DeviceError",
    "DownloadError",
    "ImpastoError",
    "OutputError",
    "PictureError",
    "StyleError",
    "WeightsError",
    "is_out_of_memory",
    "nearest_name",
]


class ImpastoError(Exception):
    """Base of all errors raised on purpose.

    Args:
        message: what is wrong, naming the file or the option; no full stop at its end.
        hint: what to do about it; no full stop at its end.
    """

    exit_code = 2  # of the command line

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = " ".join(message.split())
        self.hint = " ".join(hint.split())

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class ConfigError(ImpastoError, ValueError):
    """An option is unknown, out of range, or contradicts another."""


class PictureError(ImpastoError):
    """A picture cannot be read, or cannot be used as it is."""


class OutputError(PictureError):
    """A picture, record or folder cannot be written.

    Attributes:
        passing: whether it may work a little later: a disk that is full, a folder that is gone. What the format or the
            system cannot hold at all never will.
    """

    def __init__(self, message: str, hint: str = "", *, passing: bool = False) -> None:
        super().__init__(message, hint)
        self.passing = passing


class CheckpointError(ImpastoError):
    """A checkpoint cannot be read, or its run cannot go on: what goes in is not what it was."""


class StyleError(ImpastoError):
    """A style file is missing, damaged, or of another network."""


class WeightsError(ImpastoError):
    """A weights file is missing, damaged, or of another network."""


class DownloadError(WeightsError):
    """A weights file could not be fetched."""


class DeviceError(ImpastoError):
    """The device or precision asked for is not there."""


class CapacityError(ImpastoError):
    """The run would not fit into memory."""


_NO_MEMORY = (
    "can't allocate memory",  # PyTorch on processors
    "not enough memory",
    "CUDA error: out of memory",  # the driver, past PyTorch's own allocator
    "_STATUS_ALLOC_FAILED",  # cuDNN and cuBLAS, of what they work with
    "MPS backend out of memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, PyTorch or a driver says that memory ran out; by name and text, so that PyTorch need not be
    imported."""
    told = isinstance(error, RuntimeError) and any(text in str(error) for text in _NO_MEMORY)
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or told


def nearest_name(name: str, known: Iterable[str]) -> str:
    """A hint for a mistyped name: the nearest known one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"
