from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from impasto.figures.contact_sheet import contact_sheet, margin_of, stack
from impasto.images.files.icc import srgb_profile

RED, BLUE, WHITE = (220, 20, 20), (20, 20, 220), (255, 255, 255)


def box_of(sheet: Image.Image, color: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of all pixels of this colour."""
    ys, xs = np.nonzero((np.asarray(sheet) == color).all(axis=2))
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def ink(sheet: Image.Image) -> int:
    return int((np.asarray(sheet.convert("L")) < 200).sum())


def test_pictures_keep_their_shape_and_are_centred_in_their_row() -> None:
    sheet = contact_sheet([[Image.new("RGB", (300, 150), RED), Image.new("RGB", (30, 60), BLUE)]], cell=100)
    left, top, right, bottom = box_of(sheet, RED)
    assert (right - left, bottom - top) == (100, 50)
    other = box_of(sheet, BLUE)
    assert (other[2] - other[0], other[3] - other[1]) == (50, 100)
    assert top + bottom == other[1] + other[3]
    assert other[0] > right


def test_columns_line_up_and_empty_places_stay_paper() -> None:
    red, blue = Image.new("RGB", (40, 40), RED), Image.new("RGB", (40, 40), BLUE)
    sheet = contact_sheet([[None, red], [blue]], cell=64)
    assert box_of(sheet, RED)[0] > box_of(sheet, BLUE)[2]
    assert box_of(sheet, RED)[3] < box_of(sheet, BLUE)[1]
    assert sheet.getpixel((box_of(sheet, BLUE)[0] + 5, box_of(sheet, RED)[1] + 5)) == WHITE


@pytest.mark.parametrize("labels", [{"title": "Title"}, {"column_labels": ["one"]}, {"row_labels": ["one"]}])
def test_each_label_adds_ink_and_room(labels: dict[str, str]) -> None:
    rows = [[Image.new("RGB", (50, 50), WHITE)]]
    plain, labelled = contact_sheet(rows), contact_sheet(rows, **labels)  # type: ignore[arg-type]
    assert ink(plain) == 0
    assert ink(labelled) > 50
    assert labelled.width * labelled.height > plain.width * plain.height


def test_labels_never_touch_pictures() -> None:
    rows = [[Image.new("RGB", (50, 50), RED)]]
    words = "a long label of many words that has to be broken"
    sheet = contact_sheet(rows, column_labels=[words], row_labels=[words], title="title", cell=120)
    left, top, right, bottom = box_of(sheet, RED)
    assert (right - left, bottom - top) == (120, 120)
    assert (np.asarray(sheet)[top:bottom, left:right] == RED).all()


def test_letters_that_the_typeface_lacks_are_replaced() -> None:
    rows = [[Image.new("RGB", (9, 9), WHITE)]]
    assert contact_sheet(rows, title="Tübingen – 2×2") == contact_sheet(rows, title="Tubingen - 2x2")
    assert contact_sheet(rows, title="波") == contact_sheet(rows, title="?")


def test_transparency_shows_paper() -> None:
    sheet = contact_sheet([[Image.new("RGBA", (20, 20), (0, 0, 0, 0))]], cell=32)
    assert ink(sheet) == 0


def test_a_line_of_pixels_and_no_pictures_at_all() -> None:
    assert box_of(contact_sheet([[Image.new("RGB", (5000, 3), RED)]], cell=64), RED)[2:] > (0, 0)
    assert ink(contact_sheet([], title="nothing")) > 0
    assert contact_sheet([[]]).size > (0, 0)


def test_the_sheet_is_srgb() -> None:
    assert contact_sheet([]).info["icc_profile"] == srgb_profile()


def test_captions_stand_below_their_pictures_and_darker_in_the_first_line() -> None:
    red = Image.new("RGB", (60, 40), RED)
    plain, captioned = contact_sheet([[red]], cell=120), contact_sheet([[red]], captions=[["one\ntwo"]], cell=120)
    left, top, right, bottom = box_of(captioned, RED)
    assert (right - left, bottom - top) == (120, 80)
    assert captioned.height > plain.height
    grey = np.asarray(captioned.convert("L"))[bottom:]
    first, second = grey[: len(grey) // 2], grey[len(grey) // 2 :]
    assert ink(captioned.crop((0, 0, captioned.width, top))) == 0
    assert first.min() < second.min() < 200


def test_every_caption_fits() -> None:
    """Letters that reach below the line are not cut off, however many lines there are."""
    for lines in (1, 2, 3):
        text = "\n".join(["gypq"] * lines)
        sheet = contact_sheet([[Image.new("RGB", (60, 40), RED)]], captions=[[text]], cell=120)
        dark = np.nonzero((np.asarray(sheet.convert("L")) < 130).any(axis=1))[0]
        taller = contact_sheet([[Image.new("RGB", (60, 40), RED)]], captions=[[text + "\n"]], cell=120)
        assert (np.asarray(taller.convert("L")) < 130).any(axis=1).sum() == len(dark)


def test_empty_places_with_captions_are_grey() -> None:
    sheet = contact_sheet([[Image.new("RGB", (60, 40), RED), None]], captions=[["one", "failed"]], cell=64)
    assert box_of(sheet, (238, 238, 238))[0] > box_of(sheet, RED)[2]


def test_a_long_title_is_broken() -> None:
    rows = [[Image.new("RGB", (50, 50), RED)]]
    long, short = (contact_sheet(rows, title=" ".join(["word"] * count), cell=100) for count in (40, 2))
    assert long.width < 6 * 100
    assert long.height > short.height


def test_stacked_sheets_share_a_margin() -> None:
    first, second = (
        contact_sheet([[Image.new("RGB", (50, 50), RED)]]),
        contact_sheet([[Image.new("RGB", (90, 30), BLUE)]] * 2),
    )
    both = stack([first, second], 256)
    assert both.size == (max(first.width, second.width), first.height + second.height - margin_of(256))
    assert box_of(both, RED)[3] < box_of(both, BLUE)[1]
