"""Of several processes that would write one picture, one does, and the others know."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

import impasto
from impasto.runs.claims import Claimed, claim

HOLD = "import sys; from impasto.runs.claims import claim\n"
HOLD += "with claim(sys.argv[1]): print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def elsewhere(tmp_path: Path):
    """Another process that has claimed a file."""
    held = []

    def hold(path: Path) -> subprocess.Popen[str]:
        args = [sys.executable, "-c", HOLD, str(path)]
        process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        held.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in held:
        process.kill()
        process.communicate()


def test_nobody_else_gets_it_while_it_is_held(tmp_path, elsewhere):
    out = tmp_path / "out.png"
    process = elsewhere(out)
    with pytest.raises(Claimed, match=r"another process is painting .*b\.png"), claim(tmp_path / "b.png", out):
        pass
    with claim(tmp_path / "b.png"):  # what was claimed beside it is free again
        pass
    process.communicate("")  # ends
    with claim(out), pytest.raises(Claimed), claim(tmp_path / "." / "out.png"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_dies_claims_nothing(tmp_path, elsewhere):
    process = elsewhere(tmp_path / "out.png")
    process.kill()
    process.wait()
    with claim(tmp_path / "out.png"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_locks_gives_it_to_everybody(tmp_path, monkeypatch):
    def acquire(*_: object, **__: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(FileLock, "acquire", acquire)
    with claim(tmp_path / "out.png"), claim(tmp_path / "out.png"):
        pass
    with claim(tmp_path / "no folder" / "out.png"):
        pass


def test_batches_share_the_work(tmp_path, elsewhere, monkeypatch):
    from PIL import Image

    for name in ("a.png", "b.png", "style.png"):
        Image.effect_noise((48, 32), 80).convert("RGB").save(tmp_path / name)
    elsewhere(tmp_path / "a_style.png")
    contents = [tmp_path / "a.png", tmp_path / "b.png"]
    options = {"size": 32, "iterations": (1,), "backbone": "compact"}
    claimed, painted = impasto.batch(
        contents, tmp_path / "style.png", output=tmp_path / "{content}_{style}.png", **options
    )
    assert (claimed.claimed, claimed.result, claimed.error) == (True, None, None)
    assert (painted.claimed, painted.result.reason) == (False, "finished")
    assert not (tmp_path / "a_style.png").exists()
