"""What may not be read, or has a name that no disk takes, is the user's to mend: one line, exit code 2."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import TINY, Said

from impasto.runs.claims import claim

LONG = "x" * 300


@pytest.fixture
def bound(tmp_path: Path):
    """The command line in a process that permissions bind, even where root runs the tests."""
    if os.getuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("permissions do not bind root, and there is no setpriv")
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []

    def run(*args: object, **environment: str) -> Said:
        command = [*without, sys.executable, "-m", "impasto", *map(str, args)]
        env = {**os.environ, **environment}
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, timeout=120)
        return Said(done.returncode, done.stdout, done.stderr)

    return run


def test_an_unreadable_folder(bound, photo, painting, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir()
    shutil.copy(photo, closed / "photo.png")
    (closed / "x.checkpoint").write_bytes(b"")
    closed.chmod(0)
    out = tmp_path / "out.png"
    try:
        for content in (closed / "photo.png", closed):
            assert "Permission denied" in bound("stylize", content, painting, "-o", out, *TINY).refused()
        assert "Permission denied" in bound("stylize", photo, closed, "-o", out, *TINY).refused()
        assert "Permission denied" in bound("stylize", photo, painting, "-o", closed / "out.png", *TINY).refused()
        assert "Permission denied" in bound("batch", closed, "--style", painting, "-o", tmp_path, *TINY).refused()
        for file in ("x.checkpoint", "photo.png"):
            assert "Permission denied" in bound("resume", closed / file).refused()
        assert "Permission denied" in bound("inspect", closed / "photo.png").refused()
    finally:
        closed.chmod(0o700)


def test_an_unreadable_checkpoint(bound, photo, tmp_path):
    photo.chmod(0)
    assert f"the checkpoint '{photo}' cannot be read: Permission denied" in bound("resume", photo).refused()


def test_an_unreadable_home(bound, photo, painting, tmp_path):
    """The weights that come by pip need none."""
    home = tmp_path / "home"
    home.mkdir(mode=0)
    none = {"HOME": str(home), "IMPASTO_CACHE": ""}
    said = bound("stylize", photo, painting, "-o", tmp_path / "out.png", "--size", "32", "--iterations", "1", **none)
    assert (said.code, "Traceback" in said.err) == (0, False)
    assert bound("weights", "list", **none).code == 0
    said = bound("stylize", photo, painting, "-o", tmp_path / "b.png", "--backbone", "vgg16", *TINY[:4], **none)
    assert "Permission denied" in said.err
    assert (said.code, "fault of impasto" in said.err) == (2, False)


@pytest.mark.parametrize(
    "args",
    [
        ("stylize", f"{LONG}.png", "painting.jpg", "-o", "out.png"),
        ("stylize", "photo.png", f"{LONG}.png", "-o", "out.png"),
        ("stylize", "photo.png", "painting.jpg", "-o", f"{LONG}.png"),
        ("stylize", "photo.png", "painting.jpg", "-o", "out.png", "--mask", f"{LONG}.png"),
        ("stylize", "photo.png", "painting.jpg", "-o", "out.png", "--init", f"{LONG}.png", "--backbone", "compact"),
        ("stylize", "photo.png", "painting.jpg", "-o", "out.png", "--record", f"{LONG}.json"),
        ("stylize", "photo.png", "painting.jpg", "-o", "out.png", "--checkpoint-file", LONG),
        ("stylize", "photo.png", "painting.jpg", "-o", "out.png", "--weights", LONG),
        ("batch", LONG, "--style", "painting.jpg", "-o", "out"),
        ("batch", "photo.png", "--style", LONG, "-o", "out"),
        ("batch", "photo.png", "--style", "painting.jpg", "-o", LONG, "--backbone", "compact"),
        ("compare", "photo.png", "painting.jpg", "--vary", "seed=1,2", "-o", f"{LONG}.png", "--backbone", "compact"),
        ("resume", LONG),
        ("inspect", LONG),
        ("inspect", f"{LONG}.json"),
        ("style", "learn", LONG, "-o", "x.style"),
        ("style", "learn", "painting.jpg", "-o", f"{LONG}.style"),
        ("style", "show", LONG),
        ("weights", "verify", LONG),
        ("weights", "convert", LONG, "out.safetensors"),
        ("demo", "-o", LONG),
    ],
)
def test_a_name_that_is_too_long(args, impasto, photo, painting):
    said = impasto(*args)
    assert (said.code, "File name too long" in said.err) == (2, True), said
    assert "fault of impasto" not in said.err


def test_the_longest_name_has_a_checkpoint(impasto, photo, painting, out):
    name = out.with_name("y" * 251 + ".png")
    assert impasto("stylize", photo, painting, "-o", name, *TINY).code == 0
    assert name.exists()


def test_a_picture_that_another_process_paints_is_left_to_it(impasto, photo, painting, out):
    with claim(out):
        said = impasto("stylize", photo, painting, "-o", out, *TINY, "--quiet")
        assert f"another process is painting {str(out)!r}; wait until it is done" in said.refused()
        said = impasto("batch", photo, "--style", painting, "-o", out, *TINY)
        assert (said.code, said.out) == (0, "0 painted, 1 painted by another process\n")
