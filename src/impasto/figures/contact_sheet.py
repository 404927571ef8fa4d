"""Contact sheets: pictures in labelled rows and columns on white."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import accumulate

from PIL import Image, ImageDraw, ImageFont

from ..images.files.icc import srgb_profile

__all__ = ["contact_sheet", "margin_of", "stack", "type_size"]

_PAPER, _INK, _FAINT, _EMPTY = (255, 255, 255), (34, 34, 34), (96, 96, 96), (238, 238, 238)
_ASCII = str.maketrans({"–": "-", "—": "-", "·": "-", "×": "x", "’": "'", "“": '"', "”": '"'})
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def contact_sheet(
    rows: Sequence[Sequence[Image.Image | None]],
    *,
    column_labels: Sequence[str] = (),
    row_labels: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
    cell: int = 256,
    title: str = "",
) -> Image.Image:
    """Arrange pictures in a grid, with labels above the columns, to the left of the rows and below the pictures.

    Args:
        rows: pictures of any size and mode, or None for an empty place; rows may differ in length.
        column_labels: at most one per column; wrapped at the width of the column.
        row_labels: at most one per row; wrapped at half the width of a cell.
        captions: one for each place of the grid, or none at all; their first line is darker. Empty places become grey.
        cell: long side in px that every picture is resized to. Type and margins scale with it.
        title: above everything, wrapped at the width of the grid.

    Returns:
        An RGB image with the sRGB profile.
    """
    fitted = [[picture and _fit(picture, cell) for picture in row] for row in rows]
    gap, margin = max(4, cell // 20), margin_of(cell)
    font, title_font = _font(type_size(cell)), _font(max(16, cell // 10))
    widths = [_column_width(fitted, column, cell) for column in range(max(map(len, fitted), default=0))]
    if captions:
        fitted = [_mount(row, texts, widths, font, gap) for row, texts in zip(fitted, captions, strict=True)]
    heights = [max((picture.height for picture in row if picture), default=cell) for row in fitted]
    heads = [_break_lines(label, font, width) for label, width in zip(column_labels, widths, strict=False)]
    sides = [_break_lines(label, font, cell // 2) for label, _ in zip(row_labels, heights, strict=False)]

    left = margin + _space(max((_text_size(side, font)[0] for side in sides), default=0), gap)
    lefts = list(accumulate((width + gap for width in widths), initial=left))
    title = _break_lines(title, title_font, max(lefts[-1] - gap - margin, 3 * cell))
    title_end = margin + _space(_text_size(title, title_font)[1] if title else 0, 2 * gap)
    top = title_end + _space(max((_text_size(head, font)[1] for head in heads), default=0), gap)
    tops = list(accumulate((height + gap for height in heights), initial=top))
    width = max(lefts[-1] - gap, margin + _text_size(title, title_font)[0]) + margin

    sheet = Image.new("RGB", (width, tops[-1] - gap + margin), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.multiline_text((margin, margin), title, _INK, title_font)
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


def type_size(cell: int) -> int:
    """Font size in px of labels beside pictures of ``cell`` px."""
    return max(11, cell // 16)


def margin_of(cell: int) -> int:
    """Margin in px around a sheet of pictures of ``cell`` px."""
    return max(8, cell // 8)


def stack(sheets: Sequence[Image.Image], cell: int) -> Image.Image:
    """Stack sheets vertically; adjacent ones share a margin.

    Args:
        sheets: from `contact_sheet`.
        cell: px of their pictures.

    Returns:
        An RGB image with the sRGB profile.
    """
    margin = margin_of(cell)
    tops = list(accumulate((sheet.height - margin for sheet in sheets), initial=0))
    stacked = Image.new("RGB", (max(sheet.width for sheet in sheets), tops[-1] + margin), _PAPER)
    for sheet, top in zip(sheets, tops, strict=False):
        stacked.paste(sheet, (0, top))
    stacked.info["icc_profile"] = srgb_profile()
    return stacked


def _mount(
    row: Sequence[Image.Image | None], texts: Sequence[str], widths: Sequence[int], font: _Font, gap: int
) -> list[Image.Image | None]:
    """The pictures of a row on white of one height, as wide as their columns, each above its caption."""
    height = max((picture.height for picture in row if picture), default=max(widths))
    captions = [_caption(text, font, width) for text, width in zip(texts, widths, strict=False)]
    foot = max((_depth(dark + faint, font) for dark, faint in captions), default=0)
    mounted: list[Image.Image | None] = []
    for picture, (dark, faint), width in zip(row, captions, widths, strict=False):
        paper = Image.new("RGB", (width, height + gap // 2 + foot), _PAPER)
        shown = picture or Image.new("RGB", (width, height), _EMPTY)
        paper.paste(shown, ((width - shown.width) // 2, (height - shown.height) // 2))
        draw = ImageDraw.Draw(paper)
        for text, color in ((dark, _INK), ("\n" * dark.count("\n") + faint, _FAINT)):
            draw.multiline_text((width / 2, height + gap // 2), text, color, font, anchor="ma", align="center")
        mounted.append(paper)
    return mounted


def _caption(text: str, font: _Font, width: int) -> tuple[str, str]:
    """The first line of a caption and the others, wrapped at ``width`` px; the second part starts with a line break."""
    first, *others = [_break_lines(line, font, width) for line in text.split("\n")]
    return first, "".join(f"\n{line}" for line in others)


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


def _depth(text: str, font: _Font) -> int:
    """Px from the top of the first line to the descenders of the last one."""
    return round(ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), f"{text}p", font)[3])


def _break_lines(text: str, font: _Font, width: int) -> str:
    """The text with a line break before each word that would exceed ``width`` px."""
    lines: list[str] = []
    for word in _plain(text).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _text_size(longer, font)[0] <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _plain(text: str) -> str:
    """The text in ASCII, which Pillow's built-in font has: accents are dropped, other characters become "?"."""
    letters = unicodedata.normalize("NFKD", text.translate(_ASCII))
    return "".join(c for c in letters if not unicodedata.combining(c)).encode("ascii", "replace").decode()


def _space(length: int, gap: int) -> int:
    """``length`` plus the gap; 0 for a length of 0."""
    return length + gap if length else 0
