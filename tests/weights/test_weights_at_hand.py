"""VGG-19 in Python: the 8-bit weights stand in for the float ones, the record tells it, and a run keeps what it began
with."""

from __future__ import annotations

from pathlib import Path

import pytest

import impasto
from impasto.errors import CheckpointError
from impasto.images.files.io import to_pil
from impasto.runs.checkpoint import read_checkpoint
from impasto.weights.formats import write_weights
from impasto.weights.manifest import WEIGHTS
from synthetic import DEVICE, picture, random_weights

TINY = {"size": 32, "scale_count": 1, "iterations": 2, "precision": "float32", "device": DEVICE}
GATYS = {"preset": "gatys2015", **TINY}


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    for seed, name in enumerate(("photo.png", "style.png"), 1):
        to_pil(picture(36, 32, seed)).save(name)
    return tmp_path / "cache"


def fetch_float(cache: Path) -> None:
    """A narrow network as the file that a fetch of vgg19.oxford keeps."""
    record = WEIGHTS["vgg19.oxford"]
    cache.mkdir()
    write_weights(
        random_weights(normalization=record.normalization),
        cache / "vgg19.oxford.safetensors",
        {"source_hash": record.hash},
    )


def test_the_default_weights_of_vgg19_are_the_8_bit_ones() -> None:
    weights = impasto.stylize("photo.png", "style.png", backbone="vgg19", **TINY).record["weights"]
    assert weights == {"id": "vgg19.oxford8", "sha256": WEIGHTS["vgg19.oxford8"].hash.removeprefix("sha256:")}


def test_a_record_tells_what_was_used_and_what_was_asked_for() -> None:
    told = impasto.stylize("photo.png", "style.png", **GATYS).record
    used = {"id": "vgg19.oxford8", "sha256": WEIGHTS["vgg19.oxford8"].hash.removeprefix("sha256:")}
    assert told["weights"] == {**used, "asked": "vgg19.oxford"}
    assert told["config"]["weights"] == "vgg19.oxford8"


@pytest.mark.usefixtures("narrow_vgg19")
def test_the_float_weights_go_first_where_they_are_here(cache: Path) -> None:
    fetch_float(cache)
    weights = impasto.Stylizer(**GATYS).weights
    assert weights["id"] == "vgg19.oxford"
    assert "asked" not in weights
    backbone = impasto.create_backbone("vgg19", weights="vgg19.oxford", device="cpu")
    assert backbone.layers["relu1_1"].channels == random_weights().convolutions["conv1_1"][0].shape[0]


def test_without_the_float_weights_a_backbone_has_the_8_bit_ones() -> None:
    assert impasto.create_backbone("vgg19", weights="vgg19.oxford", device="cpu").layers["relu1_1"].channels == 64


@pytest.mark.usefixtures("narrow_vgg19")
def test_a_run_goes_on_with_the_weights_it_began_with(cache: Path) -> None:
    """Even if those that were asked for have come meanwhile; and what was asked for stays in its record."""
    run = impasto.iterate("photo.png", "style.png", **GATYS)
    next(run)
    run.checkpoint("run.checkpoint")
    whole = [progress.loss for progress in run]
    fetch_float(cache)
    again = impasto.resume("run.checkpoint")
    assert [progress.loss for progress in again] == whole
    assert again.result().record["weights"] == run.result().record["weights"]


@pytest.mark.usefixtures("narrow_vgg19")
def test_a_run_with_the_float_weights_does_not_go_on_with_others(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch_float(cache)
    impasto.iterate("photo.png", "style.png", **GATYS).checkpoint("run.checkpoint")
    (cache / "vgg19.oxford.safetensors").unlink()
    fetched = []

    def download(url: str, part: Path, *rest: object) -> None:
        fetched.append(url)
        raise impasto.errors.DownloadError("no network")

    monkeypatch.setattr("impasto.weights.store.download", download)
    with pytest.raises(impasto.errors.DownloadError, match=r"cannot fetch vgg19\.oxford: no network"):
        impasto.resume("run.checkpoint")
    assert fetched == [WEIGHTS["vgg19.oxford"].url]


def test_other_weights_of_the_same_name_are_refused() -> None:
    impasto.iterate("photo.png", "style.png", **GATYS).checkpoint("run.checkpoint")
    since = read_checkpoint("run.checkpoint")
    since.record["weights"]["sha256"] = "of others"
    with pytest.raises(CheckpointError, match="not what they were: weights;"):
        impasto.resume(since)


def test_networks_are_shared_whatever_they_were_asked_for_as() -> None:
    first = impasto.Stylizer(backbone="vgg19", pooling="max", **TINY)
    asked = impasto.Stylizer(backbone="vgg19", weights="vgg19.oxford", pooling="max", **TINY, others=[first])
    third = impasto.Stylizer(backbone="vgg19", pooling="max", **TINY, others=[asked])
    assert first.backbone is asked.backbone is third.backbone
    assert ["asked" in each.weights for each in (first, asked, third)] == [False, True, False]
