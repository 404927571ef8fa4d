"""What is compared: axes, places, labels, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto import load_preset
from impasto.apps.compare import plan_cells
from impasto.config.options import StylizeConfig
from impasto.errors import ConfigError


def plan(presets=(), vary=None, options=None, keep=None):
    return plan_cells("photo.jpg", ("a.jpg",), presets, vary or {}, options or {}, keep)


def test_one_axis_is_one_row():
    cells = plan(vary={"style_weight": [1, 8.5]}, options={"size": 64})
    assert [cell.name for cell in cells] == ["style_weight 1", "style_weight 8.5"]
    assert [cell.place for cell in cells] == [(0, 0), (0, 1)]
    assert [cell.config for cell in cells] == [StylizeConfig(size=64, style_weight=weight) for weight in (1, 8.5)]


def test_two_axes_are_rows_and_columns_row_by_row():
    cells = plan(vary={"style_weight": [1, 8], "content_layers": ["relu3_1", "relu4_2", ("relu3_1", "relu4_1")]})
    assert [cell.place for cell in cells] == [(row, column) for row in range(2) for column in range(3)]
    assert cells[5].labels == ("style_weight 8", "content_layers relu3_1 + relu4_1")
    assert cells[5].config == StylizeConfig(style_weight=8, content_layers=("relu3_1", "relu4_1"))


def test_presets_come_first_and_default_is_none():
    cells = plan(["gatys2016", "default"], {"seed": [1, 2]}, {"backbone": "compact"})
    assert [cell.name for cell in cells] == [
        "gatys2016, seed 1",
        "gatys2016, seed 2",
        "default, seed 1",
        "default, seed 2",
    ]
    assert [cell.preset for cell in cells] == ["gatys2016", "gatys2016", None, None]
    assert cells[1].config == load_preset("gatys2016").overlay({"backbone": "compact", "seed": 2})
    assert cells[3].config == StylizeConfig(backbone="compact", seed=2)


def test_values_are_varied_on_a_single_preset():
    cells = plan(["nnst"], {"strength": [0.2, 0.5]})
    assert [(cell.preset, cell.name) for cell in cells] == [("nnst", "strength 0.2"), ("nnst", "strength 0.5")]
    assert cells[0].config == load_preset("nnst").overlay({"strength": 0.2})


@pytest.mark.parametrize(
    ("value", "text"),
    [((0.5, 0.5), "0.5:0.5"), (True, "yes"), ((), "none"), (1e-5, "1e-05"), (("relu1_1",), "relu1_1"), (None, "None")],
)
def test_labels_are_as_people_write_values(value, text):
    from impasto.apps.compare.cells import label_of

    assert label_of("x", value) == f"x {text}"


def test_kept_pictures_are_numbered_and_their_names_are_names_of_files():
    cells = plan(vary={"init": ["content", "../a b.png"], "strength": [0.5]}, keep=Path("k"))
    assert [cell.output for cell in cells] == [
        Path("k/01-init-content-strength-0.5.png"),
        Path("k/02-init-..-a-b.png-strength-0.5.png"),
    ]


@pytest.mark.parametrize(
    ("presets", "vary", "options", "message"),
    [
        ([], {}, {}, "there is nothing to compare; give two presets"),
        (["nnst"], {}, {}, "there is one preset to compare; give two"),
        (["nnst", "spst"], {"size": [32], "seed": [1]}, {}, "3 things are varied"),
        ([], {"sise": [1]}, {}, "unknown option 'sise'; did you mean 'size'"),
        ([], {"size": [64, 1]}, {}, "size is 1 and out of range"),
        ([], {"size": []}, {}, r"size is varied over \[\]; give a list"),
        ([], {"init": "noise"}, {}, "init is varied over 'noise'; give a list"),
        ([], {"size": [64, 128]}, {"size": 32}, "size is given and varied"),
        (["nnst", "gatys"], {}, {}, "unknown preset 'gatys'"),
    ],
)
def test_what_cannot_be_compared_is_refused(presets, vary, options, message):
    with pytest.raises(ConfigError, match=message):
        plan(presets, vary, options)
