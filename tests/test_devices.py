"""Which device and number format a run takes, on machines that are not this one too."""

from __future__ import annotations

import ctypes
import sys

import pytest
import torch

from impasto import devices
from impasto.devices import (
    NUMBER_FORMATS,
    WORTHWHILE,
    bfloat16_gain,
    choose_device,
    choose_precision,
    keep_freed_memory,
    release_freed_memory,
)
from impasto.errors import DeviceError

CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))


@pytest.fixture
def machine(monkeypatch):
    """A machine with the devices named."""

    def pretend(*kinds: str) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in kinds)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in kinds)

    return pretend


@pytest.mark.parametrize(
    ("kinds", "chosen"), [((), "cpu"), (("cuda",), "cuda"), (("mps",), "mps"), (("cuda", "mps"), "cuda")], ids=str
)
def test_auto_takes_the_fastest_there_is(kinds, chosen, machine):
    machine(*kinds)
    assert choose_device("auto") == torch.device(chosen)


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_is_taken_where_it_is_and_refused_where_it_is_not(name, machine):
    machine(name)
    assert choose_device(name) == torch.device(name)
    assert choose_device("cpu") == CPU
    machine()
    with pytest.raises(DeviceError) as caught:
        choose_device(name)
    assert str(caught.value) == f"this machine (or its PyTorch) has no {name} device; use --device auto or --device cpu"


@pytest.mark.parametrize("device", [CPU, CUDA, MPS], ids=str)
@pytest.mark.parametrize("precision", NUMBER_FORMATS)
@pytest.mark.parametrize("optimizer", [None, "adam", "lbfgs"])
def test_a_precision_that_is_asked_for_is_taken(precision, device, optimizer):
    assert choose_precision(precision, device, optimizer) == precision


@pytest.mark.parametrize(("optimizer", "native"), [(None, "bfloat16"), ("adam", "bfloat16"), ("lbfgs", "mixed")])
@pytest.mark.parametrize(("capability", "has"), [((7, 5), False), ((8, 0), True), ((9, 0), True)], ids=str)
def test_auto_takes_bfloat16_on_graphics_cards_that_multiply_it(capability, has, optimizer, native, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert choose_precision("auto", CUDA, optimizer) == (native if has else "float32")


@pytest.mark.parametrize(("optimizer", "native"), [(None, "bfloat16"), ("adam", "bfloat16"), ("lbfgs", "mixed")])
@pytest.mark.parametrize("avx512", [False, True])
@pytest.mark.parametrize("amx", [False, True])
def test_auto_takes_bfloat16_on_processors_that_multiply_it(avx512, amx, optimizer, native, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    assert choose_precision("auto", CPU, optimizer) == (native if avx512 or amx else "float32")


def test_auto_takes_float32_where_pytorch_does_not_say(monkeypatch):
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    assert choose_precision("auto", CPU) == "float32"


def test_a_line_search_sees_in_float32(monkeypatch):
    """In bfloat16 it finds no length: 26 evaluations an iteration, and the canvas stays what it was."""
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert choose_precision("auto", CPU, "lbfgs") == "mixed"
    assert choose_precision("auto", CPU, "lbfgs", "strong-wolfe") == "float32"
    assert choose_precision("bfloat16", CPU, "lbfgs", "strong-wolfe") == "bfloat16"  # whoever asks gets it


@pytest.fixture
def native(monkeypatch):
    """A processor that multiplies bfloat16."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)


@pytest.mark.parametrize(("gain", "taken"), [(0.6, "float32"), (1.14, "float32"), (1.15, "bfloat16"), (9, "bfloat16")])
def test_a_trial_decides_whether_bfloat16_pays(gain, taken, native):
    assert choose_precision("auto", CPU, "adam", gain=lambda: gain) == taken


@pytest.mark.parametrize(
    "asked", [("bfloat16", CPU), ("float32", CPU), ("auto", CPU, "lbfgs", "strong-wolfe"), ("auto", MPS)], ids=str
)
def test_where_there_is_no_doubt_nothing_is_tried(asked, native):
    choose_precision(*asked, gain=lambda: pytest.fail("tried"))


def test_without_the_instructions_nothing_is_tried(monkeypatch):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False, raising=False)
    assert choose_precision("auto", CPU, gain=lambda: pytest.fail("tried")) == "float32"


class Ticks:
    """A clock that tells one time after another: turns of so many seconds, of float32 and bfloat16."""

    def __init__(self, *turns: tuple[float, float]) -> None:
        self.times, now = [0.0], 0.0  # the first is when it began
        for exact, half in turns:
            self.times += [now, now, now + exact, now + exact, now + exact + half, now + exact + half]
            now += exact + half
            self.times.append(now)

    def __call__(self) -> float:
        return self.times.pop(0)


def test_the_fastest_of_each_format_counts():
    turns = (0.02, 0.04), (0.06, 0.01), (0.03, 0.03)  # others are busy now and then
    assert bfloat16_gain(Ticks(*turns, (9, 9)), limit=0.19) == pytest.approx(2)


def test_one_turn_is_enough_where_it_takes_longer_than_there_is_time():
    assert bfloat16_gain(Ticks((2, 1)), limit=0.1) == pytest.approx(2)


def test_a_clock_that_stands_still_contradicts_nothing():
    assert bfloat16_gain(Ticks((0, 0), (1, 1)), limit=-1) == WORTHWHILE


def test_auto_takes_float32_on_apple():
    assert choose_precision("auto", MPS) == "float32"


class Library:
    """A C library that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def mallopt(self, *values: int) -> None:
        self.asked.append(("mallopt", *values))

    def malloc_trim(self, *values: int) -> None:
        self.asked.append(("malloc_trim", *values))


def test_freed_memory_is_kept_during_a_run_and_given_back_after_it(monkeypatch):
    library = Library()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    keep_freed_memory()
    assert library.asked == [("mallopt", -4, 0), ("mallopt", -1, -1)]  # M_MMAP_MAX and M_TRIM_THRESHOLD of <malloc.h>
    release_freed_memory()
    assert library.asked[2:] == [("malloc_trim", 0)]


@pytest.mark.parametrize(
    ("platform", "library"),
    [("win32", Library()), ("darwin", Library()), ("linux", object())],
    ids=["windows", "macos", "musl"],
)
def test_other_c_libraries_are_left_alone(platform, library, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    keep_freed_memory()
    release_freed_memory()
    assert devices._glibc() is None
    assert getattr(library, "asked", []) == []
