"""Transfers that break are resumed, tried again or refused; what is believed has the right hash."""

from __future__ import annotations

import hashlib
import socket
from functools import partial
from pathlib import Path

import pytest

from impasto.errors import DownloadError
from impasto.weights import download as downloads
from impasto.weights.download import ATTEMPTS, BLOCK, matches

download = partial(downloads.download, pause=0.001)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "weights.h5.part"


def sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.mark.parametrize(
    ("script", "ranges"),
    [
        ("ok", "whole"),
        ("mute", "whole"),
        ("500 503 429 ok", "whole whole whole whole"),
        ("cut ok", "whole half"),
        ("cut cut cut cut ok", "whole half rest rest rest"),  # getting on is no failure
        ("deaf", "whole"),
        ("cut deaf", "whole half"),
        ("deaf-cut deaf-cut deaf", "whole half half"),
        ("cut 500 ok", "whole half half"),
        ("wrong-cut ok ok", "whole half whole"),
    ],
)
def test_a_broken_transfer_ends_whole(script: str, ranges: str, server, part: Path) -> None:
    if script.startswith("wrong-cut"):  # the first half was of another file: only the hash tells
        part.write_bytes(bytes(len(server.data) // 2))
        ranges = "half whole"
    else:
        server.script = script.split()
    download(server.url, part, sha(server.data))
    assert part.read_bytes() == server.data
    assert " ".join(_named(asked, len(server.data)) for _, asked in server.asked) == ranges


def _named(asked: str | None, size: int) -> str:
    """The range asked for, in words; a block may be lost where the line went dead."""
    if asked is None:
        return "whole"
    first = int(asked.removeprefix("bytes=").removesuffix("-"))
    return "half" if size // 2 - BLOCK < first <= size // 2 else "rest"


def test_an_earlier_process_is_carried_on(server, part: Path) -> None:
    part.write_bytes(server.data[:1000])
    told = []
    download(server.url, part, sha(server.data), lambda done, total: told.append((done, total)))
    assert [asked for _, asked in server.asked] == ["bytes=1000-"]
    assert part.read_bytes() == server.data
    assert told[-1] == (len(server.data), len(server.data))
    assert all(done > 1000 for done, _ in told)


def test_a_part_that_is_whole_already_is_not_fetched_again(server, part: Path) -> None:
    part.write_bytes(server.data)
    download(server.url, part, sha(server.data))
    assert len(server.asked) == 1
    assert part.read_bytes() == server.data


def test_progress_without_a_length_has_no_total(server, part: Path) -> None:
    server.script = ["mute"]
    told = []
    download(server.url, part, sha(server.data), lambda done, total: told.append((done, total)))
    assert told[-1] == (len(server.data), 0)


def test_wrong_bytes_are_refused_and_removed(server, part: Path) -> None:
    server.script = ["wrong"]
    with pytest.raises(DownloadError, match="is another file, by its hash"):
        download(server.url, part, sha(server.data))
    assert not part.exists()


@pytest.mark.parametrize("status", ["403", "404", "410"])
def test_a_refusal_is_final(status: str, server, part: Path) -> None:
    server.script = [status] * 9
    with pytest.raises(DownloadError, match=f"answers {status}"):
        download(server.url, part, sha(server.data))
    assert len(server.asked) == 1


@pytest.mark.parametrize("word", ["500", "deaf-cut"])
def test_a_server_that_never_gets_further_is_given_up(word: str, server, part: Path) -> None:
    server.script = [word] * 20
    with pytest.raises(DownloadError, match=r"answers 500|cannot be reached, or broke off"):
        download(server.url, part, sha(server.data))
    assert len(server.asked) == ATTEMPTS


def test_what_came_before_giving_up_is_kept_for_the_next_time(server, part: Path) -> None:
    server.script = ["cut", *["500"] * ATTEMPTS]
    with pytest.raises(DownloadError):
        download(server.url, part, sha(server.data))
    assert len(server.data) // 2 - BLOCK < len(part.read_bytes()) <= len(server.data) // 2
    assert server.data.startswith(part.read_bytes())


def test_a_closed_door_is_reported(server, part: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(DownloadError, match="cannot be reached, or broke off: ConnectionError"):
            download(f"http://127.0.0.1:{port}/weights.h5", part, sha(b""))
    assert not part.exists()


def test_proxies_are_honoured(server, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/weights.h5"))
    download("http://weights.invalid/weights.h5", part, sha(server.data))
    assert server.asked == [("http://weights.invalid/weights.h5", None)]


def test_the_first_digits_of_a_hash_are_enough(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert matches(tmp_path / "abc", "sha256:ba7816bf")
    assert matches(tmp_path / "abc", "md5:900150983cd24fb0d6963f7d28e17f72")
    assert not matches(tmp_path / "abc", "sha256:ba7816be")
