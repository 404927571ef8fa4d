"""What was measured on this machine is measured once."""

from __future__ import annotations

import json
import time

import pytest
import torch

from impasto.runs.trials import Trials


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
        assert trials.seconds("pixel", {"layers": ("a", "b")}, measure) == 1
    assert trials.seconds("pixel", {"layers": ("a",)}, measure) == 2
    assert trials.seconds("pair", {"layers": ("a", "b")}, measure) == 3
    assert trials.seconds("pixel", {"layers": ("a", "b")}, measure) == 1


def test_other_threads_are_another_machine(tmp_path, measure, monkeypatch):
    trials = Trials(tmp_path)
    trials.seconds("pixel", {}, measure)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    assert trials.seconds("pixel", {}, measure) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": 1}', '{"a": [1]}', '{"a": ["x", "y"]}', "\0"])
def test_a_damaged_file_costs_the_trial_again(text, tmp_path, measure):
    (tmp_path / "trials.json").write_text(text)
    assert Trials(tmp_path).seconds("pixel", {}, measure) == 1
    assert Trials(tmp_path).seconds("pixel", {}, measure) == 1


@pytest.mark.parametrize("change", [lambda found: [found[0], time.time() - 40 * 86400], lambda found: [-1.0, found[1]]])
def test_what_is_old_or_no_time_is_measured_again(change, tmp_path, measure):
    Trials(tmp_path).seconds("pixel", {}, measure)
    file = tmp_path / "trials.json"
    file.write_text(json.dumps({key: change(found) for key, found in json.loads(file.read_text()).items()}))
    assert Trials(tmp_path).seconds("pixel", {}, measure) == 2


def test_without_a_folder_that_can_be_written_it_is_measured_each_time(tmp_path, measure):
    (tmp_path / "file").write_text("")
    for folder in (None, tmp_path / "file"):
        before = measure.count
        assert [Trials(folder).seconds("pixel", {}, measure) for _ in range(2)] == [before + 1, before + 2]
