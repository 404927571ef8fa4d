"""``impasto stylize`` with real, tiny runs: what it writes, and what it says."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch
from tiny import TINY, paint_picture

from impasto.config.presets import load_preset, preset_names
from impasto.images.files.io import read_picture, read_record
from impasto.runs.record_files import portable


def test_two_files_become_a_finished_one(impasto, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *TINY)
    assert said.code == 0
    assert said.out.startswith(f"{out}: 32 x 21 px, ")
    assert said.out.endswith(", finished\n")
    assert said.err.splitlines()[1].startswith("scale 1/1  32x21  iteration 1/2  loss ")
    assert read_picture(out).pixels.shape == (1, 3, 21, 32)
    assert list(out.parent.iterdir()) == [out]


def test_flags_reach_the_run(impasto, photo, painting, out):
    flags = ("--objective", "gram", "--style-layers", "relu1_1,relu2_1", "--seed", "7", "--clamp")
    assert impasto("stylize", photo, painting, "-o", out, *TINY, *flags).code == 0
    config = json.loads(read_record(out))["config"]
    assert (config["objective"], config["style_layers"], config["seed"], config["clamp"]) == (
        "gram",
        ["relu1_1", "relu2_1"],
        7,
        True,
    )


def test_flags_go_over_the_preset(impasto, photo, painting, out):
    flags = ("--preset", "mse-gram", "--backbone", "compact")
    assert impasto("stylize", photo, painting, "-o", out, *TINY, *flags).code == 0
    record = json.loads(read_record(out))
    assert record["preset"] == "mse-gram"
    assert record["config"]["objective"] == "gram"
    assert record["config"]["size"] == 32


@pytest.mark.parametrize("name", preset_names())
def test_the_embedded_backbone_adapts_any_preset_and_says_so(name, impasto, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *TINY, "--preset", name, "--backbone", "compact")
    assert said.code == 0
    published = load_preset(name)
    line = f"impasto: warning: the preset {name} sees with {published.backbone}: "
    line += "with compact it is no longer the original\n"
    assert line in said.err
    config = json.loads(read_record(out))["config"]
    assert (config["weights"], config["network_input"], config["padding"]) == ("compact", "own", "replicate-all")
    assert (config["pooling"], config["content_weight"]) == (published.pooling, published.content_weight)


def test_several_styles_are_blended(impasto, photo, painting, out, tmp_path):
    second = paint_picture(tmp_path / "second.png", seed=5)
    assert impasto("stylize", photo, painting, second, "-o", out, *TINY, "--style-blend", "2,1").code == 0
    record = json.loads(read_record(out))
    assert [style["name"] for style in record["styles"]] == [painting.name, second.name]
    assert record["config"]["style_blend"] == [2.0, 1.0]


def test_the_output_options_are_used(impasto, photo, painting, out):
    record = out.with_suffix(".json")
    assert impasto("stylize", photo, painting, "-o", out, *TINY, "--bits", "16", "--record", record).code == 0
    assert portable(json.loads(record.read_text("utf-8"))) == json.loads(read_record(out))
    assert out.read_bytes()[24] == 16  # the bit depth in a PNG's header


def test_quiet_says_nothing(impasto, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *TINY, "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert out.exists()


def test_save_every_writes_pictures_on_the_way(impasto, monkeypatch, photo, painting, out):
    from impasto.api import Result

    reasons, save = [], Result.save

    def spy(self, *args):
        reasons.append((self.record["iterations"], self.reason))
        save(self, *args)

    monkeypatch.setattr(Result, "save", spy)
    assert (
        impasto("stylize", photo, painting, "-o", out, *TINY, "--iterations", "4", "--save-every", "2", "--quiet").code
        == 0
    )
    assert reasons == [(2, "stopped"), (4, "stopped"), (4, "finished")]


def repeated(said) -> str:
    return said.out.splitlines()[-1]


def test_a_recorded_run_is_repeated_to_the_byte(impasto, photo, painting, out):
    impasto("stylize", photo, painting, "-o", out, *TINY, "--init", "noise", "--seed", "3")
    again = out.with_name("again.png")
    said = impasto("stylize", "--from", out, "-o", again)
    assert (said.code, repeated(said)) == (0, f"the pixels are those of {out}")
    assert torch.equal(read_picture(out).pixels, read_picture(again).pixels)


def test_a_record_file_serves_as_well(impasto, photo, painting, out):
    record = out.with_suffix(".json")
    impasto("stylize", photo, painting, "-o", out, *TINY, "--record", record)
    said = impasto("stylize", "--from", record, "-o", out.with_suffix(".webp"))
    assert (said.code, repeated(said)) == (0, f"the pixels are those of {record}")


def test_a_picture_is_not_repeated_onto_itself(impasto, photo, painting, out):
    impasto("stylize", photo, painting, "-o", out, *TINY)
    before = out.read_bytes()
    assert f"this would replace {str(out)!r}" in impasto("stylize", "--from", out, "-o", out, "--size", "16").refused()
    assert out.read_bytes() == before


def test_flags_change_the_repeated_run(impasto, photo, painting, out):
    impasto("stylize", photo, painting, "-o", out, *TINY, "--seed", "3")
    again = out.with_name("again.png")
    said = impasto("stylize", "--from", out, "-o", again, "--size", "40")
    assert said.code == 0
    assert said.out.endswith("finished\n")  # nothing about the pixels
    config = json.loads(read_record(again))["config"]
    assert (config["size"], config["seed"]) == (40, 3)


def test_pictures_given_replace_the_recorded_ones(impasto, photo, painting, out, tmp_path):
    impasto("stylize", photo, painting, "-o", out, *TINY)
    other = paint_picture(tmp_path / "other.png", (32, 48), seed=9)
    again = out.with_name("again.png")
    said = impasto("stylize", other, "--from", out, "-o", again)
    assert said.code == 0
    record = json.loads(read_record(again))
    assert (record["content"]["name"], record["styles"][0]["name"]) == (other.name, painting.name)
    assert "pixels" not in said.out


def test_a_changed_input_is_warned_of(impasto, photo, painting, out):
    impasto("stylize", photo, painting, "-o", out, *TINY)
    paint_picture(photo, seed=8)
    said = impasto("stylize", "--from", out, "-o", out.with_name("again.png"))
    assert (
        said.err.splitlines()[0]
        == f"impasto: warning: {photo.name} is not the picture that was recorded: its bytes differ"
    )
    assert repeated(said) == f"the pixels are not those of {out}: nothing else that is recorded differs"


def test_what_differs_beside_the_pixels_is_named(impasto, photo, painting, out):
    record = out.with_suffix(".json")
    impasto("stylize", photo, painting, "-o", out, *TINY, "--record", record)
    told = json.loads(record.read_text("utf-8"))
    told["pixels_sha256"] = hashlib.sha256(b"other").hexdigest()
    told["versions"]["torch"] = "1.0"
    record.write_text(json.dumps(told), "utf-8")
    said = impasto("stylize", "--from", record, "-o", out)
    assert repeated(said).startswith(f"the pixels are not those of {record}: torch 1.0 then, ")


def test_recorded_pictures_that_are_gone_are_named(impasto, photo, painting, out):
    impasto("stylize", photo, painting, "-o", out, *TINY)
    painting.unlink()
    said = impasto("stylize", "--from", out, "-o", out.with_name("again.png"))
    assert said.refused().endswith(
        "the recorded style picture 'painting.jpg' is not here; "
        "say where it is with --style, or put it beside the file that tells of it"
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("photo.png", None, "carries no run record; give a picture that impasto painted"),
        ("no.json", None, "cannot read the record"),
        ("no.json", "[]", "this is not a run record"),
        ("no.png", None, "there is no file"),
    ],
)
def test_a_file_without_a_record_is_refused(impasto, photo, out, name, text, message):
    source = photo.with_name(name)
    if text is not None:
        source.write_text(text)
    assert message in impasto("stylize", "--from", source, "-o", out).refused()


def test_a_preset_and_a_recorded_run_exclude_each_other(impasto, photo, out):
    said = impasto("stylize", "--from", photo, "--preset", "holberton", "-o", out)
    assert said.refused() == "impasto: error: --preset and --from were both given; a run starts from one of them"


def test_a_recorded_start_that_is_gone_is_named(impasto, photo, painting, out, tmp_path):
    start = paint_picture(tmp_path / "start.png", seed=4)
    impasto("stylize", photo, painting, "-o", out, *TINY, "--init", start)
    start.unlink()
    line = impasto("stylize", "--from", out, "-o", out.with_name("again.png")).refused()
    assert line.startswith("impasto: error: there is no file 'start.png'")


def test_help_is_for_people(impasto):
    said = impasto("stylize", "--help")
    assert (said.code, said.err) == (0, "")
    assert "impasto stylize photo.jpg painting.jpg -o out.png\n" in said.out
    shown = [line[2:].split(",")[0].split()[0] for line in said.out.splitlines() if line.startswith("  -")]
    assert shown[:4] == ["-o", "--preset", "--from", "--content"]
