"""How much memory a run is thought to take, and what is said where it is not there."""

from __future__ import annotations

import psutil
import pytest
import torch

from impasto import capacity
from impasto.capacity import available_memory, check_capacity, peak_bytes
from impasto.config import StylizeConfig
from impasto.errors import CapacityError, ConfigError
from impasto.features import VGG
from synthetic import random_weights

CPU = torch.device("cpu")
GIB = 2**30
GROUPS = ("content_layers", "style_layers", "neighbour_layers")


def bytes_of(vgg, size=(512, 512), **options) -> int:
    return peak_bytes(StylizeConfig(**{"precision": "float32", **options}).resolve(), vgg, size)


def test_memory_grows_with_the_picture(vgg):
    small, large, wide = (bytes_of(vgg, size) for size in ((256, 256), (512, 512), (256, 1024)))
    assert small < large == wide


def test_every_pixel_costs_the_same(vgg):
    small, middle, large = (bytes_of(vgg, (side, 1000)) for side in (1000, 2000, 3000))
    assert large - middle == pytest.approx(middle - small, rel=1e-6)


def test_a_scale_that_refines_needs_less(vgg):
    size = (1024, 1024)
    assert bytes_of(vgg, size) < bytes_of(vgg, size, full_scales=0) == bytes_of(vgg, size, full_scales=5)
    assert bytes_of(vgg, size, scale_count=1) == bytes_of(vgg, size, full_scales=0)


def test_deeper_layers_and_neighbours_cost_more(vgg):
    options = {"objective": "gram", "content_layers": "relu1_1"}
    shallow, deep = (bytes_of(vgg, **options, style_layers=layer) for layer in ("relu1_1", "relu5_1"))
    assert shallow < deep < bytes_of(vgg, **options, style_layers="relu5_1", neighbour_weight=1)
    assert bytes_of(vgg, neighbour_rotations=1) < bytes_of(vgg, neighbour_rotations=4)


def test_each_style_brings_its_bank(vgg):
    one, two, smaller = (
        peak_bytes(StylizeConfig(style_scale=scale).resolve(), vgg, (512, 512), styles)
        for styles, scale in ((1, 1.0), (2, 1.0), (2, (1.0, 0.5)))
    )
    assert two > smaller > one
    assert smaller - one == pytest.approx((two - one) / 4, abs=1)


@pytest.mark.parametrize("term", ["content", "style"])
def test_a_term_without_weight_costs_nothing(term, vgg):
    layers = {"objective": "gram", "content_layers": "relu1_1", "style_layers": "relu1_1"}
    deep = {**layers, f"{term}_layers": "relu5_1"}
    assert bytes_of(vgg, **deep) > bytes_of(vgg, **layers)
    assert bytes_of(vgg, **deep, **{f"{term}_weight": 0}) == bytes_of(vgg, **layers)


def test_half_precision_halves_the_activations(vgg):
    activations = [
        bytes_of(vgg, objective="gram", style_weight=1, precision=precision)
        - bytes_of(vgg, objective="gram", style_weight=0, content_weight=0, precision=precision)
        for precision in ("float32", "bfloat16")
    ]
    assert activations[0] == pytest.approx(2 * activations[1], rel=1e-6)


def test_wider_networks_cost_more(vgg):
    assert bytes_of(VGG(random_weights((8, 10, 12, 14, 16)))) > bytes_of(vgg)


@pytest.mark.parametrize("group", GROUPS)
def test_layers_go_by_either_name_and_unknown_ones_are_refused(group, vgg):
    options = {"objective": "gram", "neighbour_weight": 1.0, **dict.fromkeys(GROUPS, "relu1_1")}
    keras, paper = (bytes_of(vgg, **{**options, group: name}) for name in ("block5_conv1", "relu5_1"))
    assert keras == paper
    with pytest.raises(ConfigError, match="unknown layer 'relu5_9'; did you mean"):
        bytes_of(vgg, **{**options, group: "relu5_9"})
    with pytest.raises(ConfigError, match="these weights do not hold layer 'relu5_1'; available: pixels, relu1_1, relu1_2"):
        bytes_of(VGG(random_weights(count=2)), **{**options, group: "relu5_1"})


def test_available_memory_is_what_the_system_says(monkeypatch):
    assert 0 < available_memory(CPU) <= psutil.virtual_memory().total
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (5 * GIB, 80 * GIB))
    assert available_memory(torch.device("cuda")) == 5 * GIB


@pytest.fixture
def machine(monkeypatch):
    """A machine with so many bytes free."""
    return lambda free: monkeypatch.setattr(capacity, "available_memory", lambda device: free)


def check(vgg, size, **options) -> None:
    check_capacity(StylizeConfig(**{"precision": "float32", **options}).resolve(), vgg, size)


def test_a_run_that_fits_is_let_through(vgg, machine):
    machine(bytes_of(vgg, (100, 100)))
    check(vgg, (100, 100))
    with pytest.raises(CapacityError):
        check(vgg, (100, 101))


@pytest.mark.parametrize("objective", ["blend", "gram"])
def test_a_run_that_does_not_fit_is_refused_with_the_largest_size_that_does(objective, vgg, machine):
    there = bytes_of(vgg, (700, 1000), objective=objective)
    machine(there)
    with pytest.raises(CapacityError) as caught:
        check(vgg, (2800, 4000), objective=objective)
    needed = bytes_of(vgg, (2800, 4000), objective=objective)
    assert caught.value.message == (
        f"a picture of 4000 x 2800 px needs about {needed / GIB:.1f} GiB, and {there / GIB:.1f} GiB are free"
    )
    assert caught.value.hint in ("try --size 1000", "try --size 999")


def test_the_hint_counts_along_the_side_asked_for(vgg, machine):
    machine(bytes_of(vgg, (500, 1000)))
    with pytest.raises(CapacityError, match=r"try --size (500|499)$"):
        check(vgg, (1000, 2000), side="short")


def test_where_no_size_would_do_the_hint_says_so(vgg, machine):
    machine(1000)
    with pytest.raises(CapacityError, match=r"0\.0 GiB are free; end other programs, or use a machine with more memory"):
        check(vgg, (512, 512))
