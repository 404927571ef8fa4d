"""Nothing that goes in is written over, nor a stranger's file; and a shared picture tells nobody's folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from tiny import TINY, paint_picture

import impasto as library
from impasto.runs.checkpoint import checkpoint_of, read_checkpoint
from impasto.runs.claims import claim
from synthetic import DEVICE

TINIEST = {"size": 32, "iterations": (2,), "precision": "float32", "device": DEVICE, "backbone": "compact"}


@pytest.fixture
def begun(photo: Path, painting: Path, out: Path) -> Path:
    """The checkpoint of a run that was killed after its first iteration."""
    run = library.iterate(photo, [painting], **TINIEST)
    next(run)
    run.checkpoint(checkpoint_of(out), out)
    return checkpoint_of(out)


@pytest.fixture
def start(tmp_path: Path) -> Path:
    return paint_picture(tmp_path / "start.png", seed=7)


@pytest.mark.parametrize("which", ["photo.png", "painting.jpg", "begun.png"])
def test_resume_replaces_nothing_that_goes_in(which, impasto, begun, tmp_path):
    begun = begun.rename(tmp_path / "begun.png")  # a checkpoint may be called anything
    before = (tmp_path / which).read_bytes()
    assert impasto("resume", begun, "-o", tmp_path / which).code == 2
    assert (tmp_path / which).read_bytes() == before


def test_a_link_to_a_picture_is_that_picture(impasto, photo, painting, tmp_path):
    (tmp_path / "link.png").symlink_to(photo)
    before = photo.read_bytes()
    assert (
        "this would replace 'photo.png'" in impasto("stylize", "photo.png", painting, "-o", "link.png", *TINY).refused()
    )
    assert photo.read_bytes() == before


def test_the_start_and_the_weights_are_not_replaced(impasto, photo, painting, start, out, vgg_file, tmp_path):
    before = start.read_bytes()
    assert (
        f"this would replace {str(start)!r}"
        in impasto("stylize", photo, painting, "-o", start, "--init", start, *TINY).refused()
    )
    said = impasto("batch", photo, "--style", painting, "-o", start, "--init", start, "--force", *TINY)
    assert f"this would replace {str(start)!r}" in said.refused()
    said = impasto("texture", painting, "-o", start, "--init", start, "--backbone", "compact")
    assert f"this would replace {str(start)!r}" in said.refused()
    said = impasto(
        "compare", photo, painting, "--vary", "seed=1,2", "--init", start, "-o", start, "--backbone", "compact"
    )
    assert f"this would replace {str(start)!r}" in said.refused()
    assert start.read_bytes() == before
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(vgg_file.read_bytes())
    said = impasto("stylize", photo, painting, "-o", out, "--weights", weights, "--checkpoint-file", weights)
    assert said.code == 2
    assert weights.read_bytes() == vgg_file.read_bytes()
    assert "this would replace" in impasto("weights", "convert", weights, weights).refused()
    assert weights.read_bytes() == vgg_file.read_bytes()


def test_a_run_goes_on_from_any_folder_where_it_began(impasto, photo, painting, out, start, tmp_path, monkeypatch):
    """Relative names are of the folder it began in; a stranger's file of that name elsewhere stays as it is."""
    run = library.iterate("photo.png", ["painting.jpg"], init="start.png", **TINIEST)
    next(run)
    run.checkpoint("x.checkpoint", "painted/x.png", library.OutputConfig(record="painted/x.json"))
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "painted").mkdir(parents=True)
    stranger = paint_picture(elsewhere / "painted" / "x.png", seed=9)
    before = stranger.read_bytes()
    monkeypatch.chdir(elsewhere)
    said = impasto("resume", "../x.checkpoint")
    assert (said.code, said.out.startswith(str(tmp_path / "painted" / "x.png"))) == (0, True)
    assert stranger.read_bytes() == before
    assert json.loads((tmp_path / "painted" / "x.json").read_text("utf-8"))["content"]["name"] == str(
        tmp_path / "photo.png"
    )


def test_what_was_moved_is_found_beside_the_checkpoint(impasto, begun, photo, painting, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in (begun, photo, painting):
        path.rename(moved / path.name)
    paint_picture(photo, seed=33)  # another picture has taken its place
    assert read_checkpoint(moved / begun.name).record["content"]["name"] == str(moved / "photo.png")
    assert impasto("resume", moved / begun.name).code == 0


def test_a_refused_batch_leaves_no_folder(impasto, photo, painting, tmp_path):
    def refused(*flags: object) -> None:
        assert impasto("batch", photo, "--style", painting, "-o", tmp_path / "new" / "er", *TINY, *flags).code == 2
        assert not (tmp_path / "new").exists()

    refused("--style-blend", "1,2")
    refused("--weights", tmp_path / "none.safetensors")
    refused("--memory", "1MB")  # each picture by itself
    (tmp_path / "file").write_text("no folder")
    said = impasto("batch", photo, "--style", painting, "-o", tmp_path / "file" / "out", *TINY)
    assert "is a file" in said.refused()


def test_a_batch_leaves_a_foreign_checkpoint_alone(impasto, photo, painting, out):
    foreign = checkpoint_of(out)
    foreign.write_text("my notes")
    assert (
        "is there already, and no checkpoint"
        in impasto("batch", photo, "--style", painting, "-o", out, *TINY).refused()
    )
    for _ in library.batch(photo, painting, output=out.with_name("other.png"), **TINIEST):
        foreign.rename(checkpoint_of(out.with_name("late.png")))
    assert checkpoint_of(out.with_name("late.png")).read_text() == "my notes"


@pytest.mark.parametrize(
    ("command", "name", "kind"),
    [
        (("stylize", "photo.png", "painting.jpg", "-o"), "thesis.png", "picture"),
        (("texture", "painting.jpg", "-o"), "thesis.jpg", "picture"),
        (("compare", "photo.png", "painting.jpg", "--vary", "seed=1,2", "-o"), "thesis.png", "picture"),
        (("stylize", "photo.png", "painting.jpg", "-o", "new.png", "--record"), "package.json", "run record"),
        (("style", "learn", "painting.jpg", "-o"), "my.style", "style file"),
    ],
)
def test_a_file_of_another_kind_is_never_replaced(command, name, kind, impasto, photo, painting, tmp_path):
    (tmp_path / name).write_text('{"name": "thesis"}')
    said = impasto(*command, name, "--backbone", "compact")
    assert f"{name!r} is there already, and no {kind}" in said.refused()
    assert (tmp_path / name).read_text() == '{"name": "thesis"}'


def test_the_numbers_of_a_comparison_replace_nothing_else(impasto, photo, painting, tmp_path):
    (tmp_path / "sheet.json").write_text("{}")
    said = impasto("compare", photo, painting, "--vary", "seed=1,2", "-o", "sheet.png", "--backbone", "compact")
    assert "no comparison" in said.refused()


def test_no_clobber_replaces_nothing_at_all(impasto, photo, painting, out, start):
    before = start.read_bytes()
    for command in (
        ("stylize", photo, painting),
        ("texture", painting),
        ("compare", photo, painting, "--vary", "seed=1,2"),
    ):
        said = impasto(*command, "-o", start, "--no-clobber", "--backbone", "compact")
        assert f"{str(start)!r} is there already; give another name, or leave --no-clobber out" in said.refused()
    assert start.read_bytes() == before
    assert impasto("stylize", photo, painting, "-o", out, "--no-clobber", *TINY).code == 0


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_a_picture_tells_nobodys_folders(suffix, impasto, photo, painting, start, out):
    """Neither those of pictures, nor of the start, nor of anything else: names alone."""
    target = out.with_suffix(suffix)
    mask = photo.with_name("mask.png")
    Image.new("L", (48, 32), 255).save(mask)
    flags = ("--init", start, "--mask", mask)
    assert impasto("stylize", photo, painting, "-o", target, *flags, *TINY).code == 0
    record = impasto("inspect", target, "--json").out
    told = json.loads(record)
    assert (told["content"]["name"], told["styles"][0]["name"]) == ("photo.png", "painting.jpg")
    assert (told["start"]["name"], told["config"]["init"], told["regions"][0]["mask"]["name"]) == ("start.png",) * 2 + (
        "mask.png",
    )
    assert str(photo.parent) not in record
    assert photo.parent.name.encode() not in target.read_bytes()
    again = impasto("stylize", "--from", target, "-o", out.with_name("again.png"))
    assert (again.code, "the pixels are those of" in again.out) == (0, True)


def test_inputs_are_found_beside_the_picture_or_by_flags(impasto, photo, painting, out, tmp_path, monkeypatch):
    impasto("stylize", photo, painting, "-o", out, *TINY)
    again = ("stylize", "--from", out, "-o", tmp_path / "again.png")
    monkeypatch.chdir(out.parent)
    line = impasto(*again).refused()
    assert "the recorded content picture 'photo.png' is not here; say where it is with --content" in line
    named = impasto(*again, "--content", photo, "--style", painting)
    assert (named.code, f"the pixels are those of {out}" in named.out) == (0, True)
    for path in (photo, painting):
        path.rename(out.with_name(path.name))
    monkeypatch.chdir(tmp_path)
    beside = impasto(*again)
    assert (beside.code, f"the pixels are those of {out}" in beside.out) == (0, True)
    assert "one way" in impasto(*again, "a.png", "--content", "b.png").refused()


def test_a_checkpoint_is_resumed_once(impasto, begun, out):
    with claim(begun):
        assert f"another process is painting {str(out)!r}" in impasto("resume", begun).refused()
    assert impasto("resume", begun).code == 0


def test_nothing_is_put_into_a_folder_that_goes_in(impasto, photo, painting, tmp_path):
    """The next time, it would be one of the contents, or of the paintings that make a style."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    paint_picture(folder / "a.png", seed=3)
    for command in (("batch", folder, "--style", painting), ("batch", photo, "--style", folder)):
        line = impasto(*command, "-o", folder, *TINY).refused()
        assert f"would lie in the folder {str(folder)!r}, whose pictures go in; give a folder of its own, as" in line
    assert "would lie in" in impasto("stylize", photo, folder, "-o", folder / "out.png", *TINY).refused()
    assert impasto("batch", folder, "--style", painting, "-o", folder / "painted", *TINY).code == 0
    assert [path.name for path in sorted(folder.iterdir())] == ["a.png", "painted"]


@pytest.mark.parametrize("word", ["content", "compact", "style"])
def test_a_folder_may_be_called_as_an_option_is(word, impasto, photo, painting, tmp_path):
    """The word ``content`` stands for a start, and not for a folder of that name."""
    (tmp_path / word).mkdir()
    init = ("--init", "style") if word == "style" else ()
    assert impasto("stylize", photo, painting, "-o", f"{word}/out.png", *init, *TINY).code == 0
    assert impasto("batch", photo, "--style", painting, "-o", word, *init, *TINY).code == 0
