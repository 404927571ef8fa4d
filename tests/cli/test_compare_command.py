"""``impasto compare``: what it writes, says and returns, and how it ends when it is told to."""

from __future__ import annotations

import json
import signal

import pytest
from PIL import Image
from tiny import SHORT, TINY

from impasto.cli.options import given_values
from impasto.cli.progress import PlainReport
from impasto.errors import ConfigError, DownloadError

GRAM = (*TINY, "--objective", "gram", "--cell", "64")


@pytest.fixture
def compare(impasto, photo, painting):
    return lambda *flags: impasto("compare", photo, painting, *GRAM, *flags)


def refuse(*_: object) -> None:
    raise DownloadError("there is no network")


def cells(out) -> list[dict]:
    return json.loads(out.with_suffix(".json").read_text("utf-8"))["cells"]


def test_values_side_by_side(compare, out):
    said = compare("--vary", "style-weight=1,8", "--keep", out.parent / "kept", "-o", out)
    assert said.code == 0
    assert said.out.splitlines()[0].startswith(f"{out.parent / 'kept' / '01-style_weight-1.png'}: 32 x 21 px, ")
    assert said.out.splitlines()[-2:] == ["2 painted", f"{out} shows them"]
    assert "[1/2] style_weight 1\n" in said.err
    with Image.open(out) as sheet:
        assert sheet.width > 4 * 64
    assert [cell["record"]["config"]["style_weight"] for cell in cells(out)] == [1, 8]
    assert len(list((out.parent / "kept").iterdir())) == 2


def test_presets_by_values_on_the_embedded_network(compare, out):
    said = compare(
        "--preset", "mse-gram", "--preset", "default", "--vary", "seed=1,2", "--backbone", "compact", "-o", out
    )
    assert said.code == 0
    line = "impasto: warning: the preset mse-gram sees with vgg19: with compact it is no longer the original\n"
    assert said.err.count(line) == 1
    assert [(cell["preset"], cell["changes"]) for cell in cells(out)] == [
        (preset, {"seed": seed}) for preset in ("mse-gram", None) for seed in (1, 2)
    ]


def test_weights_are_asked_for_before_anything_is_painted(impasto, photo, painting, out, monkeypatch, tmp_path):
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("impasto.weights.store.download", refuse)
    said = impasto("compare", photo, painting, "--preset", "default", "--preset", "crowsonkb", "-o", out, *SHORT)
    assert said.code == 2
    assert "preset crowsonkb needs the weights vgg19.torchvision" in said.err
    assert said.err.splitlines()[-1].endswith("--backbone vgg19 --weights vgg19.oxford8 needs none")
    assert "iteration" not in said.err
    assert not out.exists()


def test_what_failed_is_told_at_the_end_and_shown(compare, out):
    said = compare("--vary", "init=nowhere.png,content", "-o", out)
    assert said.code == 2
    assert said.err.splitlines()[-1].startswith("impasto: error: init nowhere.png: there is no file 'nowhere.png'; ")
    assert "1 painted, 1 failed" in said.out
    assert ["error" in cell for cell in cells(out)] == [True, False]


def test_nothing_painted_is_no_sheet(compare, out):
    assert compare("--vary", "init=nowhere.png", "-o", out).code == 2
    assert not out.exists()


def test_quiet_says_nothing(compare, out):
    said = compare("--vary", "seed=1,2", "--quiet", "--no-curves", "-o", out)
    assert (said.code, said.out + said.err) == (0, "")


def test_one_signal_keeps_what_is_painted(compare, out, monkeypatch):
    steps = []

    def show(self: PlainReport, progress) -> None:
        steps.append(progress.step)
        if len(steps) == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(PlainReport, "show", show)
    said = compare("--vary", "seed=1,2,3", "-o", out)
    assert said.code == 130
    assert "1 painted, 2 left" in said.out
    assert len(cells(out)) == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "there is nothing to compare; give two presets"),
        (("--vary", "sise=1"), "unknown option 'sise'; did you mean 'size'?"),
        (("--vary", "seed"), "there are no values in 'seed'; give them as in seed=A,B"),
        (("--vary", "seed=1", "--vary", "seed=2"), "an option is varied twice"),
        (("--vary", "size=64,128"), "size is given and varied"),
        (("--vary", "seed=1,x"), "seed is 'x'"),
        (("--preset", "nnst", "--preset", "gatys"), "unknown preset 'gatys'; did you mean 'gatys2016'?"),
        (("--vary", "seed=1,2", "--record", "r.json"), "no such option '--record'"),
    ],
)
def test_what_cannot_be_meant_is_refused(compare, out, flags, message):
    assert message in compare(*flags, "-o", out).refused()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("style-weight=1, 8,1e3", ("style_weight", [1, 8, 1000])),
        ("content_layers=relu3_1,relu3_1:relu4_2", ("content_layers", [("relu3_1",), ("relu3_1", "relu4_2")])),
        ("style_blend=1:0,.5:.5", ("style_blend", [(1, 0), (0.5, 0.5)])),
        ("clamp=yes,no", ("clamp", [True, False])),
        ("weights=c:/a.h5,compact", ("weights", ["c:/a.h5", "compact"])),
        ("iterations=100:50,3", ("iterations", [(100, 50), (3,)])),
    ],
)
def test_values_are_read_as_flags_are(text, expected):
    assert given_values(text) == expected


def test_a_switch_that_is_neither_is_left_to_the_config():
    assert given_values("clamp=perhaps") == ("clamp", ["perhaps"])
    with pytest.raises(ConfigError, match="unknown option"):
        given_values("=1")
