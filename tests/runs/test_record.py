"""The run record: what it says, that it is JSON, and that it survives a file. See test_malformed_records.py for
refusals."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata

import numpy as np
import pytest
import torch
from PIL import Image

import impasto
from impasto.config.choices import OBJECTIVES
from impasto.config.options import StylizeConfig
from impasto.config.presets import load_preset, preset_names
from impasto.devices import instruction_set
from impasto.images.files.io import read_record, save_picture
from impasto.runs.record import (
    Input,
    RunRecord,
    config_of,
    machine,
    make_record,
    parse_record,
    pixels_sha256,
    record_text,
)
from synthetic import picture

CONTENT, STYLE = Input(name="content.png", sha256="01"), Input(name="stílus.png", sha256="02")


def record(config: StylizeConfig | None = None, **rest) -> RunRecord:
    return make_record((config or StylizeConfig()).resolve(), CONTENT, [STYLE, STYLE], **rest)


def test_a_record_says_what_went_in_and_with_which_versions():
    told = record(StylizeConfig(size=99), reason="finished", seconds=1.5)
    assert told["schema"] == 1
    assert told["impasto"] == impasto.__version__
    assert (told["content"], told["styles"]) == (CONTENT, [STYLE, STYLE])
    assert told["config"]["size"] == 99
    assert (told["reason"], told["seconds"]) == ("finished", 1.5)
    assert told["versions"] == {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": metadata.version("numpy"),
    }


def test_what_is_further_known_goes_over_what_is_usual():
    assert record(impasto="9.9")["impasto"] == "9.9"


def test_the_machine_is_told_as_far_as_it_decides_the_bytes(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H200")
    assert machine("cpu") == {
        "system": platform.system(),
        "processor": platform.machine(),
        "instructions": instruction_set(),
        "threads": torch.get_num_threads(),
        "device": "cpu",
    }
    assert machine("cuda") == {**machine("cpu"), "device": "cuda", "gpu": "H200"}


def test_the_text_is_json_that_people_can_read():
    text = record_text(record())
    assert json.loads(text) == record()
    assert "stílus.png" in text
    assert "\n" in text


@pytest.mark.parametrize(
    "config", [*(StylizeConfig(objective=o) for o in OBJECTIVES), *map(load_preset, preset_names())]
)
def test_the_config_of_a_record_is_the_one_that_ran(config):
    assert config_of(parse_record(record_text(record(config)))) == config.resolve()


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_a_record_survives_a_picture(suffix, tmp_path):
    path, told = tmp_path / f"painted.{suffix}", record(losses={"total": 0.1, "style": 1 / 3})
    save_picture(picture(), path, record=record_text(told))
    assert parse_record(read_record(path)) == told


def test_the_hash_is_that_of_the_bytes_of_an_8_bit_png(tmp_path):
    pixels = picture()
    save_picture(pixels, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert pixels_sha256(pixels) == hashlib.sha256(np.asarray(image).tobytes()).hexdigest()


def test_the_hash_sees_what_8_bits_see():
    pixels = (picture() * 255).round() / 255
    other = pixels.clone()
    other[0, 1, 3, 4] += 1 / 255
    assert pixels_sha256(pixels + 0.001) == pixels_sha256(pixels)
    assert pixels_sha256(other) != pixels_sha256(pixels)
    assert pixels_sha256(pixels * 9) == pixels_sha256((pixels * 9).clamp(0, 1))
