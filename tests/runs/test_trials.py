"""What was measured on this machine is measured once."""

from __future__ import annotations

import json
import time

import pytest
import torch

import impasto
from impasto.devices import instruction_set
from impasto.runs.record import config_of
from impasto.runs.trials import Trials
from synthetic import picture

TINY = {"backbone": "compact", "device": "cpu", "size": 40, "scale_count": 1, "iterations": 2}


class Measured:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> float:
        self.count += 1
        return float(self.count)


@pytest.fixture
def measure() -> Measured:
    return Measured()


def test_it_is_measured_once_for_all_that_it_depends_on(tmp_path, measure):
    for _ in range(2):  # another process reads what this one has kept
        trials = Trials(tmp_path / "cache")
        assert trials.number("pixel", {"layers": ("a", "b")}, measure) == 1
    assert trials.number("pixel", {"layers": ("a",)}, measure) == 2
    assert trials.number("pair", {"layers": ("a", "b")}, measure) == 3
    assert trials.number("pixel", {"layers": ("a", "b")}, measure) == 1


def test_other_threads_are_another_machine(tmp_path, measure, monkeypatch):
    trials = Trials(tmp_path)
    trials.number("pixel", {}, measure)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    assert trials.number("pixel", {}, measure) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": 1}', '{"a": [1]}', '{"a": ["x", "y"]}', "\0"])
def test_a_damaged_file_costs_the_trial_again(text, tmp_path, measure):
    (tmp_path / "trials.json").write_text(text)
    assert Trials(tmp_path).number("pixel", {}, measure) == 1
    assert Trials(tmp_path).number("pixel", {}, measure) == 1


@pytest.mark.parametrize("change", [lambda found: [found[0], time.time() - 40 * 86400], lambda found: [-1.0, found[1]]])
def test_what_is_old_or_no_time_is_measured_again(change, tmp_path, measure):
    Trials(tmp_path).number("pixel", {}, measure)
    file = tmp_path / "trials.json"
    file.write_text(json.dumps({key: change(found) for key, found in json.loads(file.read_text()).items()}))
    assert Trials(tmp_path).number("pixel", {}, measure) == 2


def test_without_a_folder_that_can_be_written_it_is_measured_each_time(tmp_path, measure):
    (tmp_path / "file").write_text("")
    for folder in (None, tmp_path / "file"):
        before = measure.count
        assert [Trials(folder).number("pixel", {}, measure) for _ in range(2)] == [before + 1, before + 2]


def test_the_gain_of_bfloat16_is_tried_once(tmp_path):
    assert Trials(tmp_path).bfloat16_gain(lambda: 2.5) == 2.5
    assert Trials(tmp_path).bfloat16_gain(lambda: 0.5) == 2.5


def test_a_run_goes_on_in_the_precision_it_had_whatever_is_tried_now(tmp_path, monkeypatch):
    """What is kept of the machine may be lost, and a second trial may say something else."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    records = {}
    for gain, precision in ((0.5, "float32"), (2.0, "bfloat16")):
        monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / precision))
        Trials(tmp_path / precision).bfloat16_gain(lambda gain=gain: gain)
        run = impasto.iterate(picture(32, 40, 1), picture(32, 40, 2), **TINY)
        next(run)
        run.checkpoint(tmp_path / f"{precision}.checkpoint")
        records[precision] = run.result().record
        assert records[precision]["config"]["precision"] == precision
        assert records[precision]["machine"]["instructions"] == instruction_set()
    resumed = impasto.resume(tmp_path / "float32.checkpoint", picture(32, 40, 1), picture(32, 40, 2))
    assert resumed.config.precision == "float32"
    again = impasto.iterate(picture(32, 40, 1), picture(32, 40, 2), config=config_of(records["float32"]))
    next(again)
    assert again.result().record["pixels_sha256"] == records["float32"]["pixels_sha256"]
