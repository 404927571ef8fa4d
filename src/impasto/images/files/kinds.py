"""What files are that cannot be read as pictures, whatever they are called, and what to do with them."""

from __future__ import annotations

__all__ = ["BEGINNING", "refusal"]

BEGINNING = 4096  # bytes that tell

_CONVERT = "save it as JPEG or PNG first"
_BRANDS = {  # of ISO base media files, ISO/IEC 14496-12
    b"heic": "HEIC, a phone's format",
    b"heix": "HEIC, a phone's format",
    b"hevc": "HEIC, a phone's format",
    b"heim": "HEIC, a phone's format",
    b"heis": "HEIC, a phone's format",
    b"mif1": "HEIF",
    b"msf1": "HEIF",
    b"crx ": "CR3, a camera's raw format",
}
_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL", _CONVERT),
    (b"\xff\x0a", "JPEG XL", _CONVERT),
    (b"%PDF", "PDF", "save the page as PNG first"),
    (b"%!PS", "PostScript", "save it as PNG first"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"PK\x03\x04", "a zip archive or a document", "unpack it, or save the picture in it as PNG"),
    (b"FUJIFILMCCD-RAW", "RAF, a camera's raw format", "develop it first, or give the JPEG that the camera wrote"),
    (b"IIU\0", "RW2, a camera's raw format", "develop it first, or give the JPEG that the camera wrote"),
    (b"IIRO", "ORF, a camera's raw format", "develop it first, or give the JPEG that the camera wrote"),
    (b"\x1aE\xdf\xa3", "a film", "take a frame of it as PNG"),
)


def refusal(beginning: bytes) -> tuple[str, str]:
    """What a file is by its first bytes, as in ``is HEIC``, and what to do: for those that no decoder took."""
    for start, kind, hint in _STARTS:
        if beginning.startswith(start):
            return f"is {kind}, which cannot be read", hint
    if beginning[4:8] == b"ftyp":
        kind = _BRANDS.get(beginning[8:12], "a film, or a picture in a film's format")
        raw = "raw" in kind
        return f"is {kind}, which cannot be read", "develop it first, or give the camera's JPEG" if raw else _CONVERT
    text = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in text):
        return "is SVG, a drawing without pixels", "save it as PNG, at the size you want"
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        return "is a web page, not a picture", "download the picture itself"
    return "is not a picture", "give a JPEG, PNG, WebP, TIFF, BMP or GIF file"
