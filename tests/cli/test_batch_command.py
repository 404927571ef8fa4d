"""``impasto batch``: what it writes, says and returns, and how it ends when it is told to."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest
from tiny import TINY, paint_picture

from impasto.cli.progress import PlainReport
from impasto.images.files.io import read_record


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate(("a.png", "b.png", "c.png"), start=1):
        paint_picture(folder / name, seed=seed)
    return folder


@pytest.fixture
def painted(tmp_path) -> Path:
    return tmp_path / "painted"


def test_every_content_in_every_style(impasto, photos, painting, painted, tmp_path):
    other = paint_picture(tmp_path / "other.png", seed=9)
    said = impasto("batch", photos, "--style", painting, "--style", other, "-o", painted, *TINY)
    names = [f"{content}_{style}.png" for style in ("painting", "other") for content in "abc"]
    assert said.code == 0
    assert [line.split(":")[0] for line in said.out.splitlines()] == [
        *(str(painted / name) for name in names),
        "6 painted",
    ]
    assert sorted(path.name for path in painted.iterdir()) == sorted(names)
    assert "[1/6] a.png, painting.jpg\n" in said.err
    assert re.search(r"^\[2/6\] b\.png, painting\.jpg, \d+:\d\d left$", said.err, re.MULTILINE)


def test_what_failed_is_told_at_the_end_and_the_rest_is_painted(impasto, photos, painting, painted):
    (photos / "b.png").write_text("none")
    said = impasto("batch", photos, "--style", painting, "-o", painted, *TINY)
    assert said.code == 2
    assert said.out.splitlines()[-1] == "2 painted, 1 failed"
    last = said.err.splitlines()[-1]
    assert last.startswith(f"impasto: error: b.png, painting.jpg: '{photos / 'b.png'}' is not a picture; give a JPEG, ")


def test_what_is_there_is_left_alone_unless_forced(impasto, photos, painting, painted):
    command = ("batch", photos, "--style", painting, "-o", painted, *TINY)
    impasto(*command)
    before = {path: path.stat().st_mtime_ns for path in painted.iterdir()}
    assert impasto(*command).out == "0 painted, 3 there already\n"
    assert {path: path.stat().st_mtime_ns for path in painted.iterdir()} == before
    assert impasto(*command, "--force").out.endswith("3 painted\n")


def test_a_preset_that_sees_with_another_backbone_says_so(impasto, photos, painting, painted):
    said = impasto(
        "batch",
        photos / "a.png",
        "--style",
        painting,
        "-o",
        painted,
        *TINY,
        "--preset",
        "mse-gram",
        "--backbone",
        "compact",
    )
    assert said.code == 0
    assert (
        "impasto: warning: the preset mse-gram sees with vgg19: with compact it is no longer the original\n" in said.err
    )


def test_styles_may_be_mixed(impasto, photos, painting, painted, tmp_path):
    other = paint_picture(tmp_path / "other.png", seed=9)
    styles = ("--style", painting, "--style", other, "--mix", "--style-blend", "1,3")
    assert impasto("batch", photos / "a.png", *styles, "-o", painted, *TINY).code == 0
    record = json.loads(read_record(painted / "a_painting+other.png") or "")
    assert [style["name"] for style in record["styles"]] == [painting.name, other.name]
    assert record["config"]["style_blend"] == [1, 3]


def test_quiet_says_nothing_but_errors(impasto, photos, painting, painted):
    command = ("batch", photos, "--style", painting, "-o", painted, *TINY, "--quiet")
    assert (said := impasto(*command)).out + said.err == ""
    (photos / "d.png").write_text("none")
    said = impasto(*command)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("mode", ["style", "match"])
def test_a_picture_of_a_batch_is_repeated_to_the_byte(mode, impasto, photos, painting, painted, out):
    styles = photos.parent / "styles"
    styles.mkdir()
    paint_picture(styles / "one.png", seed=4)
    paint_picture(styles / "two.png", seed=5)
    assert impasto("batch", photos, "--style", styles, "-o", painted, *TINY, "--color", mode).code == 0
    again = ("stylize", "--from", painted / "c_styles.png", "--content", photos / "c.png", "--style", styles, "-o", out)
    said = impasto(*again)
    assert said.out.endswith(f"the pixels are those of {painted / 'c_styles.png'}\n")
    assert "warning" not in said.err
    paint_picture(styles / "two.png", seed=6)
    assert "the pixels" not in impasto(*again).out  # another style is another run


def test_pictures_of_a_folder_that_goes_in_are_not_replaced(impasto, photos, painting):
    line = impasto("stylize", painting, photos, "-o", photos / "b.png", *TINY).refused()
    assert f"this would replace '{photos / 'b.png'}', which goes in" in line
    line = impasto("batch", painting, "--style", photos, "-o", photos / "b.png", *TINY).refused()
    assert f"this would replace '{photos / 'b.png'}', which goes in" in line


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_signal_ends_it_with_nothing_half_done(impasto, photos, painting, painted, monkeypatch, number, code):
    steps = []

    def show(self: PlainReport, progress) -> None:
        steps.append(progress.step)
        if len(steps) == 3:
            signal.raise_signal(number)

    monkeypatch.setattr(PlainReport, "show", show)
    said = impasto("batch", photos, "--style", painting, "-o", painted, *TINY)
    assert said.code == code
    assert said.out.splitlines()[-1] == "1 painted, 2 left"
    assert sorted(path.name for path in painted.iterdir()) == ["a_painting.png", "b_painting.png.checkpoint"]
    assert impasto("batch", photos, "--style", painting, "-o", painted, *TINY).out.endswith(
        "2 painted, 1 there already\n"
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("-o", "out.png"), "missing option '--style'"),
        (("--style", "s.jpg"), "missing option '-o' / '--output'"),
        (("--style", "s.jpg", "-o", "{kontent}.png"), "unknown field {kontent}; did you mean 'content'?"),
        (("--style", "s.jpg", "-o", "o.png", "--save-every", "3"), "no such option '--save-every'"),
    ],
)
def test_what_cannot_be_meant_is_refused(impasto, photos, flags, message):
    assert message in impasto("batch", photos, *flags).refused()


def test_what_is_no_picture_is_named(impasto, photos, painting, painted):
    (photos / "x.heic").write_text("none")
    os.mkfifo(photos / "pipe.jpg")
    (photos / "folder.jpg").mkdir()
    said = impasto("batch", photos, "--style", painting, "-o", painted, *TINY)
    assert (said.code, said.out.splitlines()[-1]) == (0, "3 painted")
    assert f"impasto: warning: left out of {str(photos)!r}, being no pictures: pipe.jpg, x.heic\n" in said.err


def test_what_was_painted_with_other_options_is_told(impasto, photos, painting, painted):
    command = ("batch", photos, "--style", painting, "-o", painted, *TINY)
    assert impasto(*command).code == 0
    assert "warning" not in impasto(*command).err
    said = impasto(*command, "--seed", "5")
    assert (said.code, said.out) == (0, "0 painted, 3 there already\n")
    first = painted / "a_painting.png"
    assert (
        f"{first} and 2 more of those there already: painted from other pictures or with other options; --force"
        in said.err
    )


def test_a_tree_of_folders(impasto, photos, painting, painted):
    (photos / "more").mkdir()
    paint_picture(photos / "more" / "d.png", seed=8)
    assert impasto("batch", photos, "--style", painting, "-o", painted, "--recursive", *TINY).code == 0
    assert sorted(path.relative_to(painted).as_posix() for path in painted.rglob("*.png")) == [
        "a_painting.png",
        "b_painting.png",
        "c_painting.png",
        "more/d_painting.png",
    ]
