"""The main picture of TIFF files and of camera files, not the thumbnail that stands first."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from impasto.errors import PictureError
from impasto.images.files.decode import decode_file
from impasto.images.files.opening import decoding

SMALL, LARGE = np.full((40, 60, 3), 50, np.uint8), np.full((400, 600, 3), 99, np.uint8)
RAW = np.full((500, 750), 7, np.uint16)


def written(*pages: tuple[np.ndarray, dict], **options) -> bytes:
    file = io.BytesIO()
    with tifffile.TiffWriter(file, **options) as writer:
        for array, about in pages:
            writer.write(array, metadata=None, **about)
    return file.getvalue()


def decoded(data: bytes) -> np.ndarray:
    with decoding("it"):
        return decode_file(io.BytesIO(data)).array


def jpeg_in_tiff(size: tuple[int, int], orientation: int = 1) -> bytes:
    """As Nikon writes it: a thumbnail in the first directory, raw data in a second one, a whole JPEG file behind a
    third."""
    file = io.BytesIO()
    Image.new("RGB", size, (200, 100, 0)).save(file, "JPEG")
    preview = file.getvalue()
    tags = [(274, "H", 1, orientation, True)]
    data = bytearray(
        written((SMALL, {"subfiletype": 1, "extratags": tags}), (RAW, {"photometric": "cfa", "extratags": _CFA}))
    )
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        last = tiff.pages[-1].offset
    (count,) = struct.unpack_from("<H", data, last)
    start = len(data) + 2 + 2 * 12 + 4
    struct.pack_into("<I", data, last + 2 + 12 * count, len(data))  # the next directory
    data += struct.pack("<HHHIIHHIIi", 2, 513, 4, 1, start, 514, 4, 1, len(preview), 0) + preview
    return bytes(data)


_CFA = [(33421, "H", 2, (2, 2), True), (33422, "B", 4, (0, 1, 1, 2), True)]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_thumbnail_that_says_so_is_passed_over(big, order):
    pages = (
        (SMALL, {"subfiletype": 1, "subifds": 1, "photometric": "rgb"}),
        (LARGE, {"photometric": "rgb", "compression": "zlib"}),
    )
    data = written(*pages, bigtiff=big, byteorder=order)
    assert np.array_equal(decoded(data), LARGE)


def test_a_small_first_page_beside_one_far_larger_is_a_thumbnail():
    assert np.array_equal(decoded(written((SMALL, {"photometric": "rgb"}), (LARGE, {"photometric": "rgb"}))), LARGE)


def test_pages_and_pyramids_begin_with_their_picture():
    half = LARGE[::2, ::2]
    assert np.array_equal(
        decoded(written((LARGE, {"subifds": 1, "photometric": "rgb"}), (half, {"subfiletype": 1}))), LARGE
    )
    assert np.array_equal(decoded(written((half, {"photometric": "rgb"}), (LARGE, {"photometric": "rgb"}))), half)
    assert np.array_equal(decoded(written((SMALL, {"photometric": "rgb"}), (SMALL + 9, {"photometric": "rgb"}))), SMALL)


@pytest.mark.parametrize("size", [(700, 480), (400, 260)])
def test_a_cameras_large_preview_is_its_picture(size):
    array = decoded(jpeg_in_tiff(size))
    assert array.shape == (size[1], size[0], 3)
    assert np.abs(array.astype(int) - (200, 100, 0)).max() < 4


def test_it_is_turned_as_the_camera_was():
    assert decoded(jpeg_in_tiff((700, 480), orientation=6)).shape == (700, 480, 3)


def test_a_cameras_thumbnail_is_refused():
    with pytest.raises(
        PictureError, match=r"it is a camera's raw file, with a preview of 160 px only; develop it first"
    ):
        decoded(jpeg_in_tiff((160, 120)))
    alone = written((RAW, {"photometric": "cfa", "extratags": _CFA}))
    with pytest.raises(PictureError, match=r"it is a camera's raw file; develop it first, or give the JPEG"):
        decoded(alone)
