"""How much memory a run is thought to take, and what is said where it is not there."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest
import torch

from impasto.backbones import VGG
from impasto.config.options import WHOLE, StylizeConfig
from impasto.errors import CapacityError
from impasto.runs.memory import available_memory, fitted, peak_bytes
from synthetic import random_weights

CPU = torch.device("cpu")
GIB = 2**30
GROUPS = ("content_layers", "style_layers", "neighbour_layers")


def bytes_of(vgg, size=(512, 512), **options) -> int:
    return peak_bytes(StylizeConfig(**{"precision": "float32", **options}).resolve(), vgg, size)


def test_memory_grows_with_the_picture(vgg):
    small, large, wide = (bytes_of(vgg, size) for size in ((512, 512), (1024, 1024), (512, 2048)))
    assert small < large == pytest.approx(wide, abs=1)


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
    searched = 256, 256
    assert bytes_of(vgg, searched, neighbour_rotations=1) < bytes_of(vgg, searched, neighbour_rotations=4)


def test_each_style_brings_its_bank(vgg):
    one, two, smaller = (
        peak_bytes(StylizeConfig(style_scale=scale).resolve(), vgg, (256, 256), styles)
        for styles, scale in ((1, 1.0), (2, 1.0), (2, (1.0, 0.5)))
    )
    assert two > smaller > one
    assert smaller - one == pytest.approx((two - one) / 4, abs=1)


@pytest.mark.parametrize("term", ["content", "style"])
def test_a_term_without_weight_costs_nothing(term, vgg):
    layers = {"objective": "gram", "content_layers": "relu1_1", "style_layers": "relu1_1"}
    deep = {**layers, f"{term}_layers": "relu5_1"}
    nothing = {f"{term}_weight": 0}
    assert bytes_of(vgg, **deep) > bytes_of(vgg, **layers) > bytes_of(vgg, **layers, **nothing)
    assert bytes_of(vgg, **deep, **nothing) == bytes_of(vgg, **layers, **nothing)


def test_half_precision_halves_the_activations(vgg):
    activations = [
        bytes_of(vgg, objective="gram", style_weight=1, precision=precision)
        - bytes_of(vgg, objective="gram", style_weight=0, content_weight=0, precision=precision)
        for precision in ("float32", "mixed", "bfloat16")
    ]
    assert activations[0] == activations[1] == pytest.approx(2 * activations[2], rel=0.1)  # but for what is widened


def test_wider_networks_cost_more(vgg):
    assert bytes_of(VGG(random_weights((8, 10, 12, 14, 16)))) > bytes_of(vgg)


def test_the_weights_of_vgg19_are_counted():
    """20.0 million in its convolutions, in the network's number format."""
    wide = VGG(random_weights((64, 128, 256, 512, 512)))
    held = sum(convolution.weight.numel() for convolution in wide.convolutions.values())
    assert held == 20_018_880
    nothing = {"objective": "gram", "style_weight": 0, "content_weight": 0}
    narrow = VGG(random_weights((1, 1, 1, 1, 1)))
    assert bytes_of(wide, **nothing) - bytes_of(narrow, **nothing) == pytest.approx(4 * held, rel=1e-3)


@pytest.mark.parametrize("group", GROUPS)
def test_layers_of_every_term_are_counted(group, vgg):
    options = {"objective": "gram", "neighbour_weight": 1.0, **dict.fromkeys(GROUPS, "relu1_1")}
    nothing = {group.replace("layers", "weight"): 0}
    assert bytes_of(vgg, **{**options, group: "relu5_1"}) > bytes_of(vgg, **{**options, **nothing})


def test_available_memory_is_what_the_system_says(monkeypatch):
    assert 0 < available_memory(CPU) <= psutil.virtual_memory().total
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (5 * GIB, 80 * GIB))
    assert available_memory(torch.device("cuda")) == 5 * GIB


@pytest.fixture
def machine(monkeypatch):
    """A machine with so many bytes free."""
    return lambda free: monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))


def fit(vgg, size, **options) -> StylizeConfig:
    return fitted(StylizeConfig(**{"precision": "float32", **options}).resolve(), vgg, size)


def test_a_run_that_fits_is_painted_whole(vgg, machine):
    options = {"objective": "gram", "style_layers": "relu5_1"}
    machine(bytes_of(vgg, (900, 900), **options))
    assert fit(vgg, (900, 900), **options).tile_size == WHOLE
    assert fit(vgg, (900, 901), **options).tile_size < 900


def test_a_larger_run_has_the_largest_tiles_that_fit(vgg, machine):
    size, options = (3000, 3000), {"objective": "gram", "style_layers": "relu5_1"}
    tiles = []
    for tile_size in (1024, 512, 256):
        machine(bytes_of(vgg, size, tile_size=tile_size, **options))
        tiles.append(fit(vgg, size, **options).tile_size)
    assert tiles == [1024, 512, 256]


def test_memory_is_that_which_is_given(vgg, machine):
    machine(2**60)
    options = {"objective": "gram", "style_layers": "relu5_1"}
    needed = bytes_of(vgg, (3000, 3000), tile_size=384, **options)
    assert fit(vgg, (3000, 3000), memory=f"{needed / 1e6 + 1:.0f}MB", **options).tile_size == 384
    assert fit(vgg, (3000, 3000), memory="1000GB", **options).tile_size == WHOLE


def test_tiles_are_taken_where_the_whole_is_more_than_a_computer_spares(vgg, machine):
    machine(2**60)
    assert fit(vgg, (1000, 1000)).tile_size == WHOLE
    tiled = fit(vgg, (6000, 6000), objective="gram")
    assert tiled.tile_size < WHOLE
    assert peak_bytes(tiled, vgg, (6000, 6000)) > 4e9  # more than it likes to take, but less than the whole
    assert peak_bytes(tiled, vgg, (6000, 6000)) < bytes_of(vgg, (6000, 6000), objective="gram")


def test_what_tiles_take_beside_the_pictures_does_not_grow(vgg):
    options = {"objective": "gram", "content_weight": 0, "tile_size": 512}
    sizes = [(side, 2000) for side in (2000, 4000, 8000)]
    small, middle, large = (bytes_of(vgg, size, **options) for size in sizes)
    assert large - middle == pytest.approx(2 * (middle - small), rel=1e-6)
    assert middle - small < 300 * 2000 * 2000


def test_content_that_is_computed_anew_takes_nothing(vgg):
    options = {"objective": "gram", "content_weight": 1, "content_layers": "relu4_2", "precision": "float32"}
    size, cell = (2048, 2048), vgg.layers["relu4_2"].channels / 8**2 * 4
    kept, anew = (bytes_of(vgg, size, tile_size=256, content_targets=way, **options) for way in ("keep", "recompute"))
    assert kept - anew == pytest.approx(cell * 2048**2, abs=2)
    assert bytes_of(vgg, size, content_targets="recompute", **options) == bytes_of(vgg, size, **options)


def test_tiles_that_are_asked_for_are_kept(vgg, machine):
    machine(2**60)
    assert fit(vgg, (1000, 1000), tile_size=96).tile_size == 96
    machine(1000)
    with pytest.raises(CapacityError):
        fit(vgg, (1000, 1000), tile_size=96)


def test_where_no_tile_will_do_lbfgs_remembers_less(vgg, machine):
    options = {"objective": "gram", "optimizer": "lbfgs", "style_layers": "relu2_1"}
    machine(bytes_of(vgg, (2000, 2000), history=12, tile_size=128, **options))
    fits = fit(vgg, (2000, 2000), **options)
    assert (fits.history, fits.tile_size) == (10, 128)
    machine(bytes_of(vgg, (2000, 2000), history=100, tile_size=128, **options))
    assert fit(vgg, (2000, 2000), **options).history == 100
    assert fit(vgg, (100, 100), **options).history == 100


@pytest.mark.parametrize("options", [{"neighbour_match": "layers"}, {"split_iterations": 5}, {"wrap": "xy"}], ids=str)
def test_every_kind_of_run_is_tiled(options, vgg, machine):
    machine(bytes_of(vgg, (2000, 2000), tile_size=256, **options))
    assert 256 <= fit(vgg, (2000, 2000), **options).tile_size < 2000


@pytest.mark.parametrize("objective", ["blend", "gram"])
def test_a_run_that_does_not_fit_is_refused_with_the_largest_size_that_does(objective, vgg, machine):
    there = bytes_of(vgg, (1400, 2000), objective=objective, tile_size=128)
    machine(there)
    with pytest.raises(CapacityError) as caught:
        fit(vgg, (2800, 4000), objective=objective)
    needed = bytes_of(vgg, (2800, 4000), objective=objective, tile_size=128)
    assert caught.value.message == (
        f"a picture of 4000 x 2800 px needs about {needed / 1e9:.1f} GB, and {there / 1e9:.1f} GB are free"
    )
    assert caught.value.hint in ("try --size 2000", "try --size 1999")


def test_the_hint_counts_along_the_side_asked_for(vgg, machine):
    machine(bytes_of(vgg, (500, 1000), tile_size=128))
    with pytest.raises(CapacityError, match=r"try --size (499|500|501)$"):
        fit(vgg, (2000, 4000), side="short")


def test_where_no_size_would_do_the_hint_says_so(vgg, machine):
    machine(1000)
    with pytest.raises(CapacityError, match=r"0\.0 GB are free; end other programs, or use a machine with more memory"):
        fit(vgg, (512, 512))
