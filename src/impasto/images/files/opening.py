"""Picture files as files: opened, looked at, and their run record read, without PyTorch, which takes seconds to
load."""

from __future__ import annotations

import contextlib
import io
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, UnidentifiedImageError

from ...errors import PictureError
from .formats import PNG_KEYWORD, SOFTWARE, TIFF_STARTS
from .kinds import refusal

__all__ = ["decoding", "is_picture", "opened", "read_record"]

_PILLOWS = 1024**3 // 12  # pixels at which Pillow warns if it is not told otherwise: 89 million


@contextlib.contextmanager
def decoding(name: str) -> Iterator[None]:
    """Whatever a decoder raises becomes a `PictureError` about ``name``; its warnings are not shown."""
    limit = (
        None if Image.MAX_IMAGE_PIXELS == _PILLOWS else Image.MAX_IMAGE_PIXELS
    )  # where somebody has set one, it holds
    with warnings.catch_warnings(), _limited(limit):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except PictureError as error:
            raise type(error)(f"{name} {error.message}", error.hint) from error
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            told = f"{name} has more than the {(limit or 0) / 1e6:.0f} million pixels of PIL.Image.MAX_IMAGE_PIXELS"
            raise PictureError(told, "shrink it first, or raise that if you trust it") from error
        except UnidentifiedImageError as error:
            raise PictureError(f"{name} {refusal(b'')[0]}", refusal(b"")[1]) from error
        except MemoryError as error:
            raise PictureError(f"{name} is too large for the memory there is", "shrink it first") from error
        except (
            Exception
        ) as error:  # decoders raise nearly everything: OSError, SyntaxError, struct.error, zlib.error ...
            said = (
                str(error) if re.search(r"[^\W\d]{3}", str(error)) else type(error).__name__
            )  # some say a number, or nothing
            raise PictureError(
                f"{name} cannot be read to its end: {said}", "get a fresh copy, or save it anew as PNG"
            ) from error


@contextlib.contextmanager
def _limited(limit: int | None) -> Iterator[None]:
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, limit
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


@contextlib.contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The file, from which can be read anywhere; a pipe is read to its end first."""
    try:
        with Path(path).open("rb") as file:
            whole = file if file.seekable() else io.BytesIO(file.read())
            if not whole.read(1):
                raise PictureError(f"{path!r} is an empty file", "copy or download it again")
            whole.seek(0)
            yield whole
    except FileNotFoundError as error:
        raise PictureError(f"there is no file {path!r}", "check the name and the folder") from error
    except IsADirectoryError as error:
        raise PictureError(f"{path!r} is a folder", "give the picture file itself") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise PictureError(f"{path!r} cannot be opened: {reason}", "check the name and its permissions") from error


def is_picture(path: Path) -> bool:
    """Whether the beginning of a file is that of a picture that some decoder knows."""
    try:
        with path.open("rb") as file, decoding(str(path)):
            if file.read(4) in TIFF_STARTS:
                return True
            file.seek(0)
            Image.open(file).close()
    except PictureError:
        return False
    return True


def read_record(path: str | os.PathLike[str]) -> str | None:
    """The text that `save_picture` embedded in a file; None where there is none.

    Raises:
        PictureError: the file is missing or no picture.
    """
    with opened(os.fspath(path)) as file, decoding(repr(os.fspath(path))):
        image = Image.open(file)
        if image.format == "PNG":
            return image.info.get(PNG_KEYWORD)
        exif = image.getexif()
        if exif.get(ExifTags.Base.Software) != SOFTWARE:
            return None
        return str(exif[ExifTags.Base.ImageDescription]).encode("latin-1").decode("utf-8")  # Pillow reads it as latin-1
