"""Files that are no pictures we can read are called what they are, whatever their name."""

from __future__ import annotations

import pytest

from impasto.errors import PictureError
from impasto.images.files.io import read_picture
from impasto.images.files.kinds import refusal

DEVELOP = "develop it first, or give the camera's JPEG"
CONVERT = "save it as JPEG or PNG first"
DRAWING = ("is SVG, a drawing without pixels", "save it as PNG, at the size you want")
ANY = ("is not a picture", "give a JPEG, PNG, WebP, TIFF, BMP or GIF file")


@pytest.mark.parametrize(
    ("beginning", "told", "hint"),
    [
        (b"\0\0\0\x18ftypheic\0\0", "is HEIC, a phone's format, which cannot be read", CONVERT),
        (b"\0\0\0\x18ftypmif1\0\0", "is HEIF, which cannot be read", CONVERT),
        (
            b"\0\0\0\x18ftypcrx \0\0",
            "is CR3, a camera's raw format, which cannot be read",
            "develop it first, or give the camera's JPEG",
        ),
        (
            b"\0\0\0\x18ftypisom\0\0",
            "is a film, or a picture in a film's format, which cannot be read",
            "save it as JPEG or PNG first",
        ),
        (b"\0\0\0\x0cJXL \r\n", "is JPEG XL, which cannot be read", CONVERT),
        (b"%PDF-1.7", "is PDF, which cannot be read", "save the page as PNG first"),
        (b"<svg xmlns=", *DRAWING),
        (
            b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><svg>",
            "is SVG, a drawing without pixels",
            "save it as PNG, at the size you want",
        ),
        (b"\n<!DOCTYPE html><html>", "is a web page, not a picture", "download the picture itself"),
        (
            b"PK\x03\x04",
            "is a zip archive or a document, which cannot be read",
            "unpack it, or save the picture in it as PNG",
        ),
        (b"hello", *ANY),
        (b"", *ANY),
    ],
)
def test_what_it_is(beginning, told, hint, tmp_path):
    assert refusal(beginning) == (told, hint)
    if beginning:
        path = tmp_path / "photo.jpg"
        path.write_bytes(beginning + b"\0" * 100 if beginning != b"hello" else beginning)
        with pytest.raises(PictureError) as caught:
            read_picture(path)
        assert str(caught.value) == f"{str(path)!r} {told}; {hint}"
