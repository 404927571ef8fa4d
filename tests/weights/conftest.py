"""A server on 127.0.0.1 that breaks transfers in every way, and a record of weights that lie on it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from layouts import random_convolutions, write_keras

from impasto.weights import manifest, store
from impasto.weights.manifest import NORMALIZATIONS, WeightsRecord


class Server(ThreadingHTTPServer):
    """Answers each request by the next word of ``script``, then with ``ok``; writes down what was asked.

    The words: ok, cut (half of what is asked, then the line goes dead), wrong (other bytes of the same length), deaf
        (Range is
    ignored), deaf-cut, mute (no length is told), slow, or a status code.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = data
        self.script: list[str] = []
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/weights.h5"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        word = self.server.script.pop(0) if self.server.script else "ok"
        self.server.asked.append((self.path, self.headers["Range"]))
        if word.isdigit():
            self.send_error(int(word))
            return
        self._send(word, 0 if word.startswith("deaf") else self._first())

    def _first(self) -> int:
        return int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))

    def _send(self, word: str, first: int) -> None:
        whole = self.server.data if word != "wrong" else bytes(len(self.server.data))
        if first >= len(whole):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        body = whole[first:]
        if word != "mute":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for block in self._blocks(word, body):
            self.wfile.write(block)

    def _blocks(self, word: str, body: bytes) -> Iterator[bytes]:
        if word == "slow":
            step = len(body) // 10
            for start in range(0, len(body), step):
                time.sleep(0.05)
                yield body[start : start + step]
        else:
            yield body[: len(body) // 2] if word.endswith("cut") else body

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("original") / "original.h5"
    write_keras(path, random_convolutions((16, 16, 16, 16, 16)))
    return path.read_bytes()


@pytest.fixture
def server(original: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = Server(original)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def record(server: Server, original: bytes, monkeypatch: pytest.MonkeyPatch) -> WeightsRecord:
    """Weights called vgg19.test that lie on the server; their input is not the usual one of their format."""
    hash = f"md5:{hashlib.md5(original).hexdigest()}"
    record = WeightsRecord(
        "vgg19.test", "weights.h5", server.url, hash, 1, NORMALIZATIONS["torchvision"], "CC0-1.0", "random numbers"
    )
    monkeypatch.setitem(manifest.WEIGHTS, record.id, record)
    return record


@pytest.fixture
def shelf(tmp_path: Path) -> store.Store:
    return store.Store(tmp_path / "cache", pause=0.001)
