"""A labelled contact sheet: pictures in rows and columns on white paper."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import accumulate

from PIL import Image, ImageDraw, ImageFont

from .color import srgb_profile

__all__ = ["contact_sheet"]

_PAPER, _INK, _FAINT = (255, 255, 255), (34, 34, 34), (96, 96, 96)
_ASCII = str.maketrans({"–": "-", "—": "-", "·": "-", "×": "x", "’": "'", "“": '"', "”": '"'})
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def contact_sheet(
    rows: Sequence[Sequence[Image.Image | None]],
    *,
    column_labels: Sequence[str] = (),
    row_labels: Sequence[str] = (),
    cell: int = 256,
    title: str = "",
) -> Image.Image:
    """Lay pictures out in a grid, with labels above the columns and to the left of the rows.

    Args:
        rows: pictures of any size and mode, or None for an empty place; rows may differ in length.
        column_labels: at most one a column; broken into lines as wide as the column.
        row_labels: at most one a row; broken into lines half a cell wide.
        cell: long side in px that every picture is fitted to, its shape kept. Type and margins grow with it.
        title: set above everything.

    Returns:
        An RGB image with the sRGB profile.
    """
    fitted = [[picture and _fit(picture, cell) for picture in row] for row in rows]
    gap, margin = max(4, cell // 20), max(8, cell // 8)
    font, title_font = _font(max(11, cell // 16)), _font(max(16, cell // 10))
    widths = [_column_width(fitted, column, cell) for column in range(max(map(len, fitted), default=0))]
    heights = [max((picture.height for picture in row if picture), default=cell) for row in fitted]
    title = _plain(title)
    heads = [_break_lines(label, font, width) for label, width in zip(column_labels, widths, strict=False)]
    sides = [_break_lines(label, font, cell // 2) for label, _ in zip(row_labels, heights, strict=False)]

    left = margin + _space(max((_text_size(side, font)[0] for side in sides), default=0), gap)
    title_end = margin + _space(_text_size(title, title_font)[1] if title else 0, 2 * gap)
    top = title_end + _space(max((_text_size(head, font)[1] for head in heads), default=0), gap)
    lefts = list(accumulate((width + gap for width in widths), initial=left))
    tops = list(accumulate((height + gap for height in heights), initial=top))
    width = max(lefts[-1] - gap, margin + _text_size(title, title_font)[0]) + margin

    sheet = Image.new("RGB", (width, tops[-1] - gap + margin), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((margin, margin), title, _INK, title_font)
    for head, x, column in zip(heads, lefts, widths, strict=False):
        draw.multiline_text((x + column / 2, top - gap), head, _FAINT, font, anchor="md", align="center")
    for side, y, height in zip(sides, tops, heights, strict=False):
        draw.multiline_text((left - gap, y + height / 2), side, _FAINT, font, anchor="rm", align="right")
    for row, y, height in zip(fitted, tops, heights, strict=False):
        for picture, x, column in zip(row, lefts, widths, strict=False):
            if picture:
                sheet.paste(picture, (x + (column - picture.width) // 2, y + (height - picture.height) // 2))
    sheet.info["icc_profile"] = srgb_profile()
    return sheet


def _fit(picture: Image.Image, cell: int) -> Image.Image:
    """The picture on white paper, its long side ``cell`` px."""
    scale = cell / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    return Image.alpha_composite(Image.new("RGBA", size, _PAPER), small).convert("RGB")


def _column_width(rows: Sequence[Sequence[Image.Image | None]], column: int, cell: int) -> int:
    pictures = [row[column] for row in rows if column < len(row)]
    return max((picture.width for picture in pictures if picture), default=cell)


def _font(size: int) -> _Font:
    return ImageFont.load_default(size)


def _text_size(text: str, font: _Font) -> tuple[int, int]:
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, font)
    return round(right - left), round(bottom - top)


def _break_lines(text: str, font: _Font, width: int) -> str:
    """The text with a line break before each word that would pass ``width`` px."""
    lines: list[str] = []
    for word in _plain(text).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _text_size(longer, font)[0] <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _plain(text: str) -> str:
    """The text in the letters that Pillow's built-in typeface has: ASCII; marks are left off, other signs become "?"."""
    letters = unicodedata.normalize("NFKD", text.translate(_ASCII))
    return "".join(c for c in letters if not unicodedata.combining(c)).encode("ascii", "replace").decode()


def _space(length: int, gap: int) -> int:
    """``length`` and the gap after it, or nothing for nothing."""
    return length + gap if length else 0
