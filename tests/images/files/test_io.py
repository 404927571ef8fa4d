from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import png
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from impasto.errors import OutputError, PictureError
from impasto.images.files import io
from impasto.images.files.icc import srgb_profile
from impasto.images.files.io import Picture, check_output, read_picture, read_record, save_picture, to_pil

RNG = np.random.default_rng(0)
RECORD = '{"seed": 1, "text": "é – π"}'


def picture(channels: int = 3, bits: int = 8) -> Picture:
    return read_picture(RNG.integers(0, 1 << bits, (7, 5, channels)).astype(f"u{bits // 8}"))


def same(a: Picture, b: Picture) -> bool:
    if (a.alpha is None) != (b.alpha is None):
        return False
    return torch.equal(a.pixels, b.pixels) and (a.alpha is None or b.alpha is None or torch.equal(a.alpha, b.alpha))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_files_give_back_every_bit(tmp_path: Path, bits: int, channels: int, suffix: str) -> None:
    before, path = picture(channels, bits), tmp_path / f"it{suffix}"
    save_picture(before.pixels, path, alpha=before.alpha, bits=bits)
    after = read_picture(path)
    assert same(before, after)
    assert after.name == str(path)
    assert after.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    save_picture(after.pixels, tmp_path / f"again{suffix}", alpha=after.alpha, bits=bits)
    assert (tmp_path / f"again{suffix}").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("bits", [8, 16])
def test_records_are_given_back(tmp_path: Path, suffix: str, bits: int) -> None:
    if bits == 16 and suffix in (".jpg", ".webp"):
        pytest.skip("has no 16 bits")
    path = tmp_path / f"it{suffix}"
    save_picture(picture().pixels, path, record=RECORD, bits=bits)
    assert read_record(path) == RECORD
    save_picture(picture().pixels, path, bits=bits)
    assert read_record(path) is None


@pytest.mark.parametrize("suffix", [".bmp", ".gif"])
def test_formats_without_a_place_for_a_record(tmp_path: Path, suffix: str) -> None:
    save_picture(picture().pixels, tmp_path / f"it{suffix}", record=RECORD)
    assert read_record(tmp_path / f"it{suffix}") is None


def test_what_a_camera_wrote_is_no_record(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "OLYMPUS DIGITAL CAMERA"
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.jpg", exif=exif)
    assert read_record(tmp_path / "photo.jpg") is None


def test_all_kinds_of_sources_are_the_same_picture(tmp_path: Path) -> None:
    array = RNG.integers(0, 256, (7, 5, 3)).astype(np.uint8)
    Image.fromarray(array).save(tmp_path / "it.png")
    reference = read_picture(array)
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    with Image.open(tmp_path / "it.png") as image:
        assert same(read_picture(image), reference)
    sources: list[Any] = [tmp_path / "it.png", str(tmp_path / "it.png"), Image.fromarray(array)]
    sources += [
        tensor,
        tensor[None],
        tensor / 255,
        array / 255,
        (array / 255).astype(np.float32),
        array.astype(np.uint16) * 257,
    ]
    for source in sources:
        assert same(read_picture(source), reference), type(source)
    assert read_picture(reference) is reference
    assert reference.name == "array"
    assert read_picture(tensor).sha256 == reference.sha256 == hashlib.sha256(array.tobytes()).hexdigest()
    assert read_picture(array[::-1]).sha256 != reference.sha256


def test_grey_alpha_and_one_pixel() -> None:
    grey = read_picture(np.array([[51]], np.uint8))
    assert grey.pixels.flatten().tolist() == pytest.approx([0.2] * 3)
    assert grey.alpha is None
    clear = read_picture(np.array([[[0, 0, 0, 51]]], np.uint8))
    assert clear.alpha is not None
    assert clear.alpha.shape == (1, 1, 1, 1)
    assert clear.alpha.item() == pytest.approx(0.2)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3))
def test_saving_rounds_to_the_nearest_value(tmp_path_factory: pytest.TempPathFactory, color: list[float]) -> None:
    path = tmp_path_factory.mktemp("round") / "it.png"
    pixels = torch.tensor(color).view(1, 3, 1, 1)
    for bits in (8, 16):
        save_picture(pixels, path, bits=bits)
        assert (read_picture(path).pixels - pixels).abs().max() <= 0.5001 / ((1 << bits) - 1)


def test_pypng_sees_the_same_16_bits(tmp_path: Path) -> None:
    before = picture(3, 16)
    save_picture(before.pixels, tmp_path / "it.png", bits=16)
    _, _, rows, _ = png.Reader(bytes=(tmp_path / "it.png").read_bytes()).read()
    values = np.array([list(row) for row in rows]).reshape(7, 5, 3)
    assert np.array_equal(values, np.rint(before.pixels[0].permute(1, 2, 0).numpy() * 65535.0))


def test_to_pil_rounds_keeps_alpha_and_carries_the_profile(tmp_path: Path) -> None:
    before = picture(4)
    image = to_pil(before.pixels + 0.4 / 255, before.alpha)
    assert image.mode == "RGBA"
    image.save(tmp_path / "it.png")
    assert same(read_picture(tmp_path / "it.png"), before)
    with Image.open(tmp_path / "it.png") as saved:
        assert saved.info["icc_profile"] == srgb_profile()
    assert to_pil(before.pixels).mode == "RGB"


class TestBadFiles:
    """Each gives one line with a hint."""

    def refused(self, path: str | Path, message: str) -> None:
        for read in (read_picture, read_record):
            with pytest.raises(PictureError, match=message) as caught:
                read(path)
            assert caught.value.hint
            assert "\n" not in str(caught.value)

    def test_missing(self, tmp_path: Path) -> None:
        self.refused(tmp_path / "no.jpg", r"there is no file '.*no\.jpg'; check the name")

    def test_folder(self, tmp_path: Path) -> None:
        self.refused(tmp_path, "is a folder; give the picture file itself")

    def test_empty(self, tmp_path: Path) -> None:
        (tmp_path / "it.jpg").write_bytes(b"")
        self.refused(tmp_path / "it.jpg", "is an empty file; copy or download")

    def test_text(self, tmp_path: Path) -> None:
        (tmp_path / "it.jpg").write_text("Dear diary,\n")
        self.refused(tmp_path / "it.jpg", r"'.*it\.jpg' is not a picture; give a JPEG")

    def test_null_byte(self) -> None:
        self.refused("a\0b.jpg", "cannot be opened: .*null")

    def test_not_allowed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> bytes:
            raise PermissionError(13, os.strerror(13))

        monkeypatch.setattr(Path, "open", refuse)
        self.refused("it.jpg", "cannot be opened: Permission denied")

    @pytest.mark.parametrize("suffix", ["jpg", "png"])
    def test_cut_short(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"it.{suffix}"
        save_picture(torch.rand(1, 3, 64, 64), path)
        path.write_bytes(path.read_bytes()[:3000])
        with pytest.raises(PictureError, match=r"it\.\w+' cannot be read to its end: .*; get a fresh copy"):
            read_picture(path)

    def test_a_pil_image_cut_short(self, tmp_path: Path) -> None:
        path = tmp_path / "it.jpg"
        save_picture(torch.rand(1, 3, 64, 64), path)
        path.write_bytes(path.read_bytes()[:3000])
        with Image.open(path) as image, pytest.raises(PictureError, match="the style cannot be read to its end"):
            read_picture(image, name="the style")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "the style is of type NoneType; give a path"),
        ([[1, 2], [3, 4]], "of type list"),
        (b"bytes", "of type bytes"),
        (np.full((2, 2, 3), np.nan), "the style holds NaN"),
        (torch.full((1, 3, 2, 2), 255.0), "divide them by 255"),
        (torch.zeros(2, 3, 4, 4), "tensor of shape"),
        (Image.new("F", (2, 2), 128.0), "values from 128 to 128"),
        (Image.new("I", (2, 2), -1), "int32 values"),
        (Image.new("RGB", (0, 4)), "no pixels"),
    ],
)
def test_sources_that_are_no_pictures(source: Any, message: str) -> None:
    with pytest.raises(PictureError, match=message) as caught:
        read_picture(source, name="the style")
    assert "the style" in str(caught.value)
    assert caught.value.hint


def test_saving_nan_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "it.png"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="not numbers"):
        save_picture(torch.full((1, 3, 2, 2), float("nan")), path)
    assert path.read_bytes() == b"old"


def test_check_output(tmp_path: Path) -> None:
    check_output(tmp_path / "it.png", bits=16)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="unknown suffix"):
        check_output(tmp_path / "it.doc")
    with pytest.raises(OutputError, match="no 16 bits"):
        check_output(tmp_path / "it.jpg", bits=16)
    with pytest.raises(OutputError, match="make the folder"):
        check_output(tmp_path / "missing" / "it.png")


def test_every_public_name_is_there() -> None:
    assert all(hasattr(io, name) for name in io.__all__)
