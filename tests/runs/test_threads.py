"""Threads of the processor follow from the sizes of a run, and a record keeps them."""

from __future__ import annotations

import pytest
import torch

import impasto
from impasto.cli.main import wait_passively
from impasto.devices import SMALL_CANVAS, on_threads
from impasto.engine.scale import ScaleState
from impasto.engine.schedule import ScalePlan
from impasto.runs.record import config_of, parse_record, record_text
from impasto.runs.threads import with_threads
from synthetic import picture

CONTENT, STYLE = picture(48, 64, 1), picture(40, 50, 2)
TINY = {"backbone": "compact", "precision": "float32", "device": "cpu", "size": 88, "coarsest": 44, "iterations": 3}
SIDE = int(SMALL_CANVAS**0.5)
PLANS = [ScalePlan((SIDE // 2, SIDE), 9), ScalePlan((SIDE, SIDE), 9), ScalePlan((SIDE, SIDE + 1), 9)]


@pytest.fixture
def three():
    """A machine on which PyTorch has three threads."""
    with on_threads(3):
        yield


def counts(*given: int) -> list[int]:
    return [plan.threads for plan in with_threads(PLANS, given)]


def test_small_canvases_take_one_thread_and_others_all_there_are(three):
    assert counts() == [1, 1, 3]


@pytest.mark.parametrize(("given", "expected"), [((2,), [2, 2, 2]), ((1, 4), [1, 4, 4]), ((1, 2, 3, 4), [1, 2, 3])])
def test_those_that_are_given_are_taken(given, expected):
    assert counts(*given) == expected


def test_threads_are_as_before_after_a_block_even_a_failed_one():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), on_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    with on_threads(0):
        assert torch.get_num_threads() == before


def test_each_scale_is_painted_on_its_own_and_the_caller_keeps_his(monkeypatch, three):
    seen, step = [], ScaleState.step
    monkeypatch.setattr(ScaleState, "step", lambda *given: seen.append(torch.get_num_threads()) or step(*given))
    run = impasto.iterate(CONTENT, STYLE, **TINY, threads=(1, 2))
    assert [torch.get_num_threads() for _ in run] == [3] * 6
    assert seen == [1] * 3 + [2] * 3
    record = run.result().record
    assert (record["config"]["threads"], record["machine"]["threads"]) == ([1, 2], 2)


def test_a_record_repeats_them_on_a_machine_with_others(three):
    run = impasto.iterate(CONTENT, STYLE, **TINY)
    for _ in run:
        pass
    first = run.result().record
    assert first["config"]["threads"] == [1, 1]
    with on_threads(1):
        again = impasto.stylize(CONTENT, STYLE, config=config_of(first)).record
    assert again == {**first, "seconds": again["seconds"], "peak_memory": again["peak_memory"]}


def test_a_checkpoint_goes_on_with_those_it_had(tmp_path, three):
    run = impasto.iterate(CONTENT, STYLE, **TINY, threads=(2, 1))
    next(run)
    run.checkpoint(tmp_path / "kept")
    with on_threads(1):
        resumed = impasto.resume(tmp_path / "kept", CONTENT, STYLE)
        for each in (run, resumed):
            for _ in each:
                pass
    assert resumed.config.threads == (2, 1)
    assert torch.equal(resumed.result().pixels, run.result().pixels)


def test_of_a_picture_of_regions_each_patch_is_painted_on_its_scales_threads(monkeypatch):
    seen, step = [], ScaleState.step
    monkeypatch.setattr(ScaleState, "step", lambda *given: seen.append(torch.get_num_threads()) or step(*given))
    mask = torch.zeros(48, 64)
    mask[:, :40] = 1
    impasto.stylize(CONTENT, [impasto.Region(mask.numpy(), STYLE)], **TINY, threads=(2, 3))
    assert sorted(set(seen)) == [2, 3]


def test_an_older_record_has_one_number_for_all_scales():
    record = impasto.stylize(CONTENT, STYLE, **TINY).record
    del record["config"]["threads"]
    record["machine"]["threads"] = 5
    assert config_of(parse_record(record_text(record))).threads == (5,)
    record["machine"]["threads"] = "many"
    assert config_of(parse_record(record_text(record))).threads == ()


@pytest.mark.parametrize(
    ("environment", "loaded", "expected"),
    [
        ({}, (), {"OMP_WAIT_POLICY": "PASSIVE"}),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, (), {"OMP_WAIT_POLICY": "ACTIVE"}),
        ({"GOMP_SPINCOUNT": "9"}, (), {"GOMP_SPINCOUNT": "9"}),
        ({}, ("torch",), {}),
    ],
    ids=["unset", "chosen", "chosen for one library", "too late"],
)
def test_threads_sleep_while_they_wait_unless_the_user_says_otherwise(environment, loaded, expected):
    wait_passively(environment, loaded)
    assert environment == expected
