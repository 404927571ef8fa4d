"""The formats of picture files: those that are written, those that are read, and how a run record is known in them."""

from __future__ import annotations

from PIL import Image

__all__ = ["FORMATS", "NO_PICTURES", "PNG_KEYWORD", "SOFTWARE", "TIFF_STARTS", "readable_suffixes"]

# A record is known as ours by the keyword of its PNG text, elsewhere by the name of the software that described the
# picture.
PNG_KEYWORD = "impasto"
SOFTWARE = "impasto"

FORMATS = {  # by suffix; those that are written, and the usual ones to be read
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".gif": "GIF",
}
# Drawings, for which Pillow would start another program; films; and containers of numbers, most of which it cannot
# read.
NO_PICTURES = ("EPS", "WMF", "PDF", "MPEG", "FLI", "HDF5", "GRIB", "BUFR", "FITS")
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def readable_suffixes() -> frozenset[str]:
    """The suffixes of the files that are pictures, as ``.png``: those of every format that `decode_file` knows."""
    Image.init()
    return frozenset(
        suffix for suffix, format in Image.EXTENSION.items() if format in Image.OPEN and format not in NO_PICTURES
    )
