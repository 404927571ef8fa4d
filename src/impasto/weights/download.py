"""Download of one file over HTTP: partial downloads are resumed, errors are retried, and the hash is checked."""

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
"""Called with the number of bytes received and the total; the total is 0 if the server does not tell it."""

ATTEMPTS = 4  # in a row without progress
PAUSE = 0.5  # seconds
TIMEOUT = (10.0, 30.0)  # seconds to connect, and to wait for data
BLOCK = 1 << 14  # bytes written at once
PASSING = (408, 425, 429, 500, 502, 503, 504)  # status codes that are retried


class _Interrupted(Exception):
    """The transfer ended early; another attempt may continue it."""


def download(
    url: str, part: Path, expected: str, progress: ProgressCallback | None = None, pause: float = PAUSE
) -> None:
    """Download a file, continuing an earlier partial download, and check its hash.

    Args:
        url: address of the file. `requests` takes proxies from the usual environment variables.
        part: file to write. Bytes that it already has are not fetched again, and it is kept if the transfer fails.
        expected: hash of the whole file, as of `matches`.
        progress: called after each block.
        pause: seconds before the second attempt; doubled after each one.

    Raises:
        DownloadError: the server cannot be reached or refuses, or the hash is another one (the file is then removed).
        OSError: the file cannot be written.
    """
    resumed = _complete(url, part, progress, pause)
    if resumed and not matches(part, expected):  # the earlier part may be of another file
        part.unlink()
        _complete(url, part, progress, pause)
    if not matches(part, expected):
        part.unlink()
        raise DownloadError(f"what came from {url} is another file, by its hash")


def matches(path: Path, expected: str) -> bool:
    """Whether a file has a hash.

    Args:
        path: the file.
        expected: ``algorithm:hex digits``; the first digits are enough.
    """
    algorithm, digits = expected.split(":")
    return file_digest(path, algorithm).startswith(digits)


def _complete(url: str, part: Path, progress: ProgressCallback | None, pause: float) -> bool:
    """Transfer until the file is complete; returns whether it consists of more than one transfer."""
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
    """Size of a file in bytes; 0 if it does not exist."""
    return path.stat().st_size if exists(path) else 0


def _transfer(url: str, part: Path, progress: ProgressCallback | None) -> None:
    """Make one request for the missing bytes, and append them to ``part``."""
    import requests

    headers = {"Accept-Encoding": "identity"}  # not compressed, so that offsets and hashes are those of the file
    if done := _size(part):
        headers["Range"] = f"bytes={done}-"
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code != 416:  # 416: the file is complete
                _receive(response, part, done, progress)
    except requests.RequestException as error:
        raise _Interrupted(f"{url} cannot be reached, or broke off: {type(error).__name__}") from error


def _receive(response: requests.Response, part: Path, done: int, progress: ProgressCallback | None) -> None:
    """Write the body of a response to ``part``, which has ``done`` bytes."""
    status = response.status_code
    if status in PASSING:
        raise _Interrupted(f"{response.url} answers {status} {response.reason}")
    if status not in (200, 206):
        raise DownloadError(f"{response.url} answers {status} {response.reason}")
    done = done if status == 206 else 0  # 200: the server ignores the range and sends the whole file
    length = int(response.headers.get("Content-Length", 0))
    total = done + length if length else 0
    with part.open("ab" if done else "wb") as file:
        for block in response.iter_content(BLOCK):
            file.write(block)
            done += len(block)
            if progress:
                progress(done, total)
