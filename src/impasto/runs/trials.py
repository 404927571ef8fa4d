"""Numbers that were measured on this machine, kept in the cache folder so that they are measured once."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from ..devices import bfloat16_gain, instruction_set, processor_name
from ..errors import OutputError
from ..files import write_bytes

__all__ = ["Trials"]

_DAYS = 30  # after which a machine may have become another, or was busy when it was measured
_MOST = 500


class Trials:
    """What is known of this machine. A file that is damaged, or a folder that cannot be written, only costs the trial
    again.

    Args:
        folder: of the cache; None keeps nothing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = folder / "trials.json" if folder else None

    def bfloat16_gain(self, measure: Callable[[], float] = bfloat16_gain) -> float:
        """How many times as fast as float32 bfloat16 is on this processor: `devices.bfloat16_gain`, once."""
        return self.number("bfloat16", {"processor": processor_name()}, measure)

    def number(self, what: str, about: Mapping[str, Any], measure: Callable[[], float]) -> float:
        """What ``measure`` gives, or gave before for the same ``what`` and ``about`` with these versions, instruction
        set and threads.

        Args:
            what: is measured; a word.
            about: all that it depends on, as JSON holds it.
            measure: takes the time; what it gives is above 0.
        """
        key, known = _key(what, about), self._known()
        if key in known:
            return float(known[key][0])
        found = measure()
        self._keep({**known, key: [found, time.time()]})
        return found

    def _known(self) -> dict[str, list[float]]:
        with suppress(OSError, ValueError, RecursionError, TypeError, AttributeError):
            text = self._file.read_bytes() if self._file else b"{}"
            return {
                key: [float(seconds), float(at)]
                for key, (seconds, at) in json.loads(text).items()
                if _holds(seconds, at)
            }
        return {}

    def _keep(self, known: dict[str, list[float]]) -> None:
        if self._file is None:
            return
        newest = sorted(known.items(), key=lambda entry: entry[1][1])[-_MOST:]
        with suppress(OSError, OutputError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self._file, json.dumps(dict(newest)).encode())


def _holds(seconds: float, at: float) -> bool:
    return 0 < seconds < float("inf") and 0 <= time.time() - at < _DAYS * 86400


def _key(what: str, about: Mapping[str, Any]) -> str:
    makers = [metadata.version("impasto"), str(torch.__version__), instruction_set(), torch.get_num_threads()]
    text = json.dumps([what, dict(about), makers], sort_keys=True, default=str)
    return f"{what} {hashlib.sha256(text.encode()).hexdigest()[:24]}"
