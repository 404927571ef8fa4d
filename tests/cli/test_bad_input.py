"""Bad input: one line on stderr that says what to do, exit code 2, and nothing half-written."""

from __future__ import annotations

import errno
import os
import re
import resource
import struct
import zlib
from pathlib import Path

import pytest
import torch
from PIL import Image
from tiny import TINY, Said, paint_picture


@pytest.fixture
def refused(impasto, photo, painting, out):
    """Run ``stylize`` with some of its parts replaced; gives the line, after looking that nothing was written."""

    def run(
        *flags: object, content: object = photo, style: object = painting, output: object = out, code: int = 2
    ) -> str:
        said: Said = impasto("stylize", content, style, "-o", output, *TINY, *flags)
        assert list(out.parent.iterdir()) == []
        return said.refused(code).removeprefix("impasto: error: ")

    return run


def missing(path: Path) -> None:
    pass


def folder(path: Path) -> None:
    path.mkdir()


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("Dear diary, this is no picture at all.\n" * 50)


def truncated(path: Path) -> None:
    paint_picture(path, (400, 300))
    path.write_bytes(path.read_bytes()[:2000])


def one_pixel(path: Path) -> None:
    Image.new("RGB", (1, 1)).save(path)


def sliver(path: Path) -> None:
    Image.new("RGB", (3, 5000)).save(path)


def bomb(path: Path) -> None:
    """A PNG of a hundred bytes that says it is 60,000 x 60,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("role", ["content", "style", "start"])
@pytest.mark.parametrize("make", [missing, folder, empty, text, truncated, one_pixel, sliver, bomb])
def test_bad_pictures(refused, tmp_path, make, role):
    bad = tmp_path / "bad.jpg"
    make(bad)
    line = refused("--init", bad) if role == "start" else refused(**{role: bad})
    assert str(bad) in line
    assert "; " in line  # what is wrong; what to do


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--content-weight", "1", "--content-layers", "relu9_9"), "'relu9_9'"),
        (("--style-layers", "relu1_1,block9_conv1"), "'block9_conv1'"),
        (("--preset", "gatys"), "unknown preset 'gatys'; did you mean 'gatys2016'?"),
        (("--device", "tpu"), "unknown device 'tpu'; "),
        (("--backbone", "vgg91"), "unknown backbone 'vgg91'; did you mean 'vgg19'?"),
        (("--objective", "gramm"), "unknown objective 'gramm'; did you mean 'gram'?"),
        (("--size", "0"), "size is 0 and out of range; it takes a whole number in px from 16 to 100000"),
        (("--size", "1000000000"), "size is 1000000000 and out of range; "),
        (("--size", "100000"), "GB are free; try --size "),
        (("--size", "wide"), "size is 'wide'; it takes a whole number"),
        (("--content-weight", "-1"), "content_weight is -1.0 and out of range; "),
        (("--style-blend", "0,0"), "style_blend are all zero; "),
        (("--style-weight", "inf"), "style_weight is inf; "),
        (("--iterations", "-5"), "iterations is -5 and out of range; "),
        (("--bits", "12"), "bits is 12; give 8 or 16"),
        (("--sise", "512"), "no such option '--sise'; did you mean --size?"),
        (("--tv", "1"), "no such option '--tv'; "),
        (("--size",), "option '--size' requires an argument"),
    ],
)
def test_bad_options(refused, flags, message):
    assert message in refused(*flags)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there(refused, monkeypatch, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert refused("--device", device).endswith(f"has no {device} device; use --device auto or --device cpu")


def test_pictures_that_were_not_given(impasto, photo, out):
    assert "missing option '-o' / '--output'" in impasto("stylize", photo, photo).refused()
    assert "give the CONTENT and STYLE pictures" in impasto("stylize", "-o", out).refused()
    assert "give the STYLE picture" in impasto("stylize", photo, "-o", out).refused()


@pytest.fixture
def compact(tmp_path) -> Path:
    """A copy of the embedded weights, to be spoilt."""
    from impasto.weights.manifest import WEIGHTS

    copy = tmp_path / "compact.safetensors"
    copy.write_bytes(WEIGHTS["compact"].packaged.read_bytes())
    return copy


@pytest.mark.parametrize(
    "state",
    [
        {"fc.weight": torch.zeros(3, 3)},
        {
            "features.0.weight": torch.zeros(64, 3, 11, 11),
            "features.0.bias": torch.zeros(64),
        },  # the first kernels of AlexNet
    ],
)
def test_weights_of_another_network(refused, tmp_path, state):
    other = tmp_path / "other.pth"
    torch.save(state, other)
    assert str(other) in refused("--backbone", "vgg19", "--weights", other)


def test_truncated_weights(refused, compact):
    compact.write_bytes(compact.read_bytes()[:100_000])
    assert str(compact) in refused("--weights", compact)


def test_tampered_weights(refused, compact):
    data = bytearray(compact.read_bytes())
    data[-1] ^= 1
    compact.write_bytes(data)
    assert str(compact) in refused("--weights", compact)


def test_weights_that_are_not_there(refused):
    assert "no-such-weights" in refused("--weights", "no-such-weights")


class Trap:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_would_run_code(refused, tmp_path):
    trap, sprung = tmp_path / "trap.pth", tmp_path / "sprung"
    torch.save({"features.0.weight": Trap(sprung)}, trap)
    assert "refused: this pickle asks for more than tensors" in refused("--weights", trap)
    assert not sprung.exists()


def test_an_output_folder_that_is_not_there(refused, out):
    assert refused(output=out.parent / "deeper" / "out.png").endswith(
        f"make the folder {str(out.parent / 'deeper')!r} first"
    )


def test_a_file_in_place_of_the_output_folder(refused, photo):
    assert "cannot write" in refused(output=photo / "out.png")


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder that nobody may write to, root included")
def test_a_read_only_output_folder(refused):
    assert refused(output="/sys/kernel/out.png").endswith("choose a folder you may write to")


def test_an_output_without_a_picture_suffix(refused, out):
    assert ".png" in refused(output=out.with_suffix(".psd"))
    assert refused("--bits", "16", output=out.with_suffix(".jpg"))


def test_an_output_that_would_replace_an_input(refused, photo):
    before = photo.read_bytes()
    assert (
        refused(output=photo)
        == f"this would replace {str(photo)!r}, which goes in; give another name for what comes out"
    )
    assert f"{str(photo)!r} is there already, and no run record" in refused("--record", photo)
    assert photo.read_bytes() == before


def test_a_record_that_would_replace_the_picture(refused, out):
    assert (
        refused("--record", out)
        == f"{str(out)!r} and {str(out)!r} would be the same file; give them names of their own"
    )


def test_a_record_that_cannot_be_written(refused, out):
    assert "cannot write" in refused("--record", out.parent / "deeper" / "run.json")


def test_a_full_disk(refused, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert refused("--quiet", code=1).endswith("No space left on device; free some space, or write to another disk")


def test_a_limit_on_the_size_of_files(refused):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))
    try:
        line = refused("--quiet", code=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert line.endswith("File too large; free some space, or write to another disk")


@pytest.mark.parametrize("value", ["", " ", "relu1_1,", "relu1_1,,relu2_1"])
def test_an_empty_list_or_entry_is_refused(value, impasto, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, "--style-layers", value)
    assert said.refused() == "impasto: error: style_layers has an empty entry; it takes a text"
    assert not out.exists()


def test_a_folder_as_output(refused, out):
    for name in (f"{out.parent}/", out.parent):
        assert (
            refused(output=name)
            == f"{str(name)!r} is a folder; give a file in it, as {str(out.parent / 'painted.png')!r}"
        )


def test_a_name_that_looks_like_an_option(impasto, photo, painting, out):
    photo.rename(photo.with_name("-c.jpg"))
    line = impasto("stylize", "-c.jpg", painting, "-o", out, *TINY).refused()
    assert line == "impasto: error: no such option '-c'; give the file '-c.jpg' as './-c.jpg'"
    assert impasto("stylize", "./-c.jpg", painting, "-o", out, *TINY).code == 0
    assert "see 'impasto stylize --help'" in impasto("stylize", "-d.jpg", painting, "-o", out).refused()


def test_too_little_memory_is_called_by_its_option(refused):
    line = refused("--memory", "10MB")
    assert re.search(r"needs about 0\.\d GB, and --memory allows 0\.01 GB; give it --memory 0\.\dGB", line)
    line = refused("--memory", "600MB", "--size", "4096", "--objective", "gram", "--tile-size", "1024")
    assert " and --memory allows 0.6 GB; try --size " in line


def test_what_libraries_log_is_not_told(impasto, painting, out, tmp_path):
    import logging

    import numpy as np
    import tifffile

    tifffile.imwrite(tmp_path / "odd.tif", np.zeros((32, 48, 3), np.float32), photometric="rgb", metadata=None)
    data = bytearray((tmp_path / "odd.tif").read_bytes())
    data[-8:] = b"\xff" * 8
    (tmp_path / "odd.tif").write_bytes(data)
    seen: list[str] = []
    handler = logging.lastResort
    try:
        logging.lastResort = logging.StreamHandler()
        logging.lastResort.emit = lambda record: seen.append(record.getMessage())  # type: ignore[method-assign]
        impasto("stylize", tmp_path / "odd.tif", painting, "-o", out, *TINY)
        logging.getLogger("tifffile").warning("odd")
    finally:
        logging.lastResort = handler
    assert seen == []
