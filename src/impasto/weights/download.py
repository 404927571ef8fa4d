"""Fetches one file over HTTP: resumes what was cut, tries again what may pass, and believes only the hash."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DownloadError
from ..files import exists, file_digest

if TYPE_CHECKING:
    import requests

__all__ = ["ProgressCallback", "download", "matches"]

ProgressCallback = Callable[[int, int], None]
"""Called with bytes done and bytes in total; 0 in total where the server does not say."""

ATTEMPTS = 4  # in a row without a new byte
PAUSE = 0.5  # seconds
TIMEOUT = (10.0, 30.0)  # seconds to connect, seconds of silence
BLOCK = 1 << 14  # bytes; what is lost at most when the line goes dead
PASSING = (408, 425, 429, 500, 502, 503, 504)  # answers that another attempt may change


class _Interrupted(Exception):
    """The transfer ended early; another attempt may go on."""


def download(
    url: str, part: Path, expected: str, progress: ProgressCallback | None = None, pause: float = PAUSE
) -> None:
    """Fetch ``url`` into ``part``, going on where an earlier attempt stopped, until its hash is as expected.

    Args:
        url: what to fetch. Proxies are taken as `requests` takes them, from the usual variables.
        part: the file; what it holds already is kept, and is kept when the transfer breaks.
        expected: hash of the whole, as `matches` takes it.
        progress: told of each block.
        pause: seconds before the second attempt; doubles after each.

    Raises:
        DownloadError: the server cannot be reached or refuses, or what came is another file (which is removed).
        OSError: the part cannot be written.
    """
    resumed = _complete(url, part, progress, pause)
    if resumed and not matches(part, expected):  # the beginning was of another file
        part.unlink()
        _complete(url, part, progress, pause)
    if not matches(part, expected):
        part.unlink()
        raise DownloadError(f"what came from {url} is another file, by its hash")


def matches(path: Path, expected: str) -> bool:
    """Whether a file has the hash ``expected``: ``algorithm:hex digits``, of which the first ones are enough."""
    algorithm, digits = expected.split(":")
    return file_digest(path, algorithm).startswith(digits)


def _complete(url: str, part: Path, progress: ProgressCallback | None, pause: float) -> bool:
    """Transfer until all is there; returns whether it was put together from more than one transfer."""
    failures, longest, resumed = 0, _size(part), _size(part) > 0
    while True:
        try:
            _transfer(url, part, progress)
            return resumed
        except _Interrupted as error:
            failures = 1 if _size(part) > longest else failures + 1
            longest, resumed = max(longest, _size(part)), _size(part) > 0
            if failures >= ATTEMPTS:
                raise DownloadError(str(error)) from error
        time.sleep(pause * 2 ** (failures - 1))


def _size(path: Path) -> int:
    return path.stat().st_size if exists(path) else 0


def _transfer(url: str, part: Path, progress: ProgressCallback | None) -> None:
    """One request for what is missing, written as it comes."""
    import requests

    headers = {"Accept-Encoding": "identity"}  # bytes as they lie on the server, so that offsets and hashes hold
    if done := _size(part):
        headers["Range"] = f"bytes={done}-"
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code != 416:  # 416: nothing is missing
                _receive(response, part, done, progress)
    except requests.RequestException as error:
        raise _Interrupted(f"{url} cannot be reached, or broke off: {type(error).__name__}") from error


def _receive(response: requests.Response, part: Path, done: int, progress: ProgressCallback | None) -> None:
    status = response.status_code
    if status in PASSING:
        raise _Interrupted(f"{response.url} answers {status} {response.reason}")
    if status not in (200, 206):
        raise DownloadError(f"{response.url} answers {status} {response.reason}")
    done = done if status == 206 else 0  # 200: the server sends all of it, whatever was asked
    length = int(response.headers.get("Content-Length", 0))
    total = done + length if length else 0
    with part.open("ab" if done else "wb") as file:
        for block in response.iter_content(BLOCK):
            file.write(block)
            done += len(block)
            if progress:
                progress(done, total)
