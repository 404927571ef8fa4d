"""A picture that was painted is never lost: what cannot be written as asked is refused before, or written in another
way."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from PIL import Image
from tiny import TINY

from impasto.cli.streams import Lenient
from impasto.errors import OutputError
from impasto.images.files import io
from impasto.images.files.encode import check_size


@pytest.fixture
def odd(tmp_path) -> Path:
    """A folder whose name is Latin-1, as an old archive leaves it, which UTF-8 does not know."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this disk takes UTF-8 names alone")
    return folder


def test_names_that_are_no_utf8_are_names(odd, impasto, photo, painting):
    content, style, out = (odd / os.fsdecode(name) for name in (b"\xe0.png", b"\xe8.jpg", b"\xfc.png"))
    shutil.copy(photo, content)
    shutil.copy(painting, style)
    said = impasto("stylize", content, style, "-o", out, *TINY, "--checkpoint", "1", "--save-every", "1")
    assert (said.code, out.exists()) == (0, True)
    again = impasto("stylize", "--from", out, "-o", odd / "again.png")
    assert (again.code, "the pixels are those of" in again.out) == (0, True)
    assert impasto("inspect", out).code == 0
    assert impasto("batch", odd, "--style", style, "-o", odd / "all", *TINY).code == 0
    assert impasto("compare", content, style, "--vary", "seed=1,2", "-o", odd / "sheet.png", *TINY).code == 0


def test_a_checkpoint_takes_any_name(odd, photo, painting, impasto):
    from impasto import iterate

    shutil.copy(photo, odd / "p.png")
    run = iterate(odd / "p.png", painting, size=32, iterations=(3,), backbone="compact", precision="float32")
    next(run)
    run.checkpoint(odd / "x.checkpoint", odd / "x.png")
    assert impasto("resume", odd / "x.checkpoint").code == 0
    assert (odd / "x.png").exists()


@pytest.mark.parametrize(("name", "most"), [("a.webp", 16383), ("a.jpg", 65500), ("a.GIF", 65535)])
def test_a_format_is_refused_what_it_cannot_hold(name, most):
    check_size(name, (most, 1))
    with pytest.raises(
        OutputError, match=f"up to {most} px a side, and this one has 16 x {most + 1} px; save as .png or .tiff"
    ):
        check_size(name, (most + 1, 16))


def test_it_is_refused_before_anything_is_painted(impasto, painting, out):
    long = out.with_name("long.png")
    Image.new("RGB", (400, 16), "teal").save(long)
    flags = ("--size", "17000", "--backbone", "compact", "--objective", "gram", "--scale-count", "1")
    said = impasto("stylize", long, painting, "-o", out.with_suffix(".webp"), *flags)
    assert "WEBP holds pictures of up to 16383 px a side, and this one has 17000 x 680 px" in said.refused()
    said = impasto("batch", long, "--style", painting, "-o", out.with_suffix(".webp"), *flags)
    assert (said.code, "up to 16383 px" in said.err) == (2, True)


def test_what_can_never_be_written_so_is_written_as_png_at_once(impasto, photo, painting, out, monkeypatch):
    """Beside the name that was asked for; nothing waits, though somebody sits before the terminal."""
    monkeypatch.setattr(Lenient, "isatty", lambda _: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    real = io.encode

    def encode(array, format, quality, record):
        if format == "WEBP":
            raise OutputError("WEBP cannot hold this picture", "save as .png")
        return real(array, format, quality, record)

    monkeypatch.setattr(io, "encode", encode)
    (out.parent / "out.png").write_bytes(photo.read_bytes())
    said = impasto("stylize", photo, painting, "-o", out.with_suffix(".webp"), *TINY)
    assert (said.code, "the picture is" in said.err) == (1, True)
    with Image.open(out.with_name("out-2.png")) as kept:
        assert kept.size == (32, 21)
    assert (out.parent / "out.png").read_bytes() == photo.read_bytes()


def test_the_next_haven_is_taken_where_one_is_full(impasto, photo, painting, out, monkeypatch, tmp_path):
    """Neither beside the picture nor among temporary files: then at home."""
    home, full = tmp_path / "home", tmp_path / "full"
    home.mkdir()
    full.mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(full))
    monkeypatch.setenv("HOME", str(home))
    real = io.write_bytes

    def write_bytes(path, data):
        if not Path(path).is_relative_to(home):
            raise OutputError(f"cannot write {path}: No space left on device", "free some space", passing=True)
        real(path, data)

    monkeypatch.setattr(io, "write_bytes", write_bytes)
    said = impasto("stylize", photo, painting, "-o", out, *TINY)
    assert said.code == 1
    (kept,) = home.glob("impasto-*/out.png")
    assert str(kept) in said.err
    assert list(full.iterdir()) == []
