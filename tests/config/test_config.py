"""Options: what is known of each, what is refused and how, what is chosen for the user."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
import pickle
import typing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.config import fields
from impasto.config.choices import OBJECTIVES
from impasto.config.fields import SUBJECTS, options_of
from impasto.config.options import OutputConfig, StylizeConfig, options_about
from impasto.errors import ConfigError

CLASSES = (StylizeConfig, OutputConfig)
OPTIONS = [(cls, name, *known) for cls in CLASSES for name, known in options_of(cls).items()]
NUMBERS = [(cls, name, kind, option) for cls, name, kind, _, option in OPTIONS if option.low is not None]
CHOICES = [(cls, name, option) for cls, name, _, _, option in OPTIONS if option.choices]

TUPLES = [name for name, (kind, _, _) in options_of(StylizeConfig).items() if "tuple" in str(kind)]


def refused(cls=StylizeConfig, **options) -> str:
    with pytest.raises(ConfigError) as caught:
        cls(**options)
    return str(caught.value)


def base_of(kind):
    """``int`` of ``tuple[int, ...] | None``."""
    inner = (
        next((v for v in typing.get_args(kind) if v is not type(None)), kind)
        if type(None) in typing.get_args(kind)
        else kind
    )
    return typing.get_args(inner)[0] if typing.get_origin(inner) is tuple else inner


# What is known of an option


@pytest.mark.parametrize(("cls", "name", "kind", "default", "option"), OPTIONS)
def test_every_option_says_what_it_is(cls, name, kind, default, option):
    assert option.help[0].isalnum()
    assert not option.help.endswith(".")
    assert option.group
    assert base_of(kind) in (int, float, str, bool)
    assert default is None or default is not dataclasses.MISSING
    assert (option.low is None) == (base_of(kind) not in (int, float))
    assert option.high is None or option.low < option.high
    assert not (option.choices and base_of(kind) is not str)
    assert (
        default is None
        or not option.choices
        or {*(default if isinstance(default, tuple) else [default])} <= {*option.choices}
    )


@pytest.mark.parametrize("cls", CLASSES)
def test_the_signature_still_tells_the_options(cls):
    assert list(inspect.signature(cls).parameters)[-len(options_of(cls)) :] == list(options_of(cls))


def test_options_of_a_value_are_those_of_its_class():
    assert options_of(StylizeConfig()) == options_of(StylizeConfig)


def test_commands_choose_options_by_what_they_are_about():
    assert options_about("one run") == {"record", "save_every", "checkpoint_file"}
    assert options_about("one picture", "shape") == {"record", "save_every", "bits", "size", "texture"}
    assert {"content_layers", "color_space", "strength", "side"} <= options_about("content")
    assert {name for name in options_of(StylizeConfig) if name.startswith("region_")} < options_about("regions")
    assert all(options_about(subject) for subject in SUBJECTS)


def test_what_nothing_is_about_is_refused():
    with pytest.raises(ValueError, match=r"^contents: none of content, "):
        options_about("contents")
    with pytest.raises(ValueError, match=r"^an option is about contents, which is none of content, "):
        fields.option(0, "a number", "run", about=("contents",))


@pytest.mark.parametrize(("name", "kind", "option"), [(name, kind, option) for _, name, kind, _, option in OPTIONS])
def test_what_a_texture_has_in_its_place_is_of_the_option_s_kind(name, kind, option):
    if option.without_content is not None:
        assert "content" in option.about
        assert isinstance(option.without_content, base_of(kind))


# What is refused


@pytest.mark.parametrize(
    ("cls", "name", "nearest"),
    [(StylizeConfig, "content_wight", "content_weight"), (OutputConfig, "qualty", "quality")],
)
def test_an_unknown_option_is_refused_with_the_nearest(cls, name, nearest):
    assert refused(cls, **{name: 1}) == f"unknown option {name!r}; did you mean {nearest!r}?"


def test_an_error_is_a_value_error_too():
    with pytest.raises(ValueError, match="unknown option"):
        StylizeConfig(sise=3)


@pytest.mark.parametrize(("cls", "name", "kind", "option"), NUMBERS)
def test_numbers_out_of_range_are_refused_with_the_range(cls, name, kind, option):
    lowest = base_of(kind)(option.low)
    if name not in (
        "style_layer_weights",
        "content_layer_weights",
        "style_blend",
    ):  # relative: not all of them may be 0
        assert getattr(cls(**{name: lowest}), name) in (lowest, (lowest,))
    assert refused(cls, **{name: option.low - 1}).startswith(f"{name} is {option.low - 1} and out of range; it takes a")
    if option.high is not None:
        assert refused(cls, **{name: option.high * 2}).startswith(
            f"{name} is {option.high * 2} and out of range; it takes a"
        )


def test_the_range_is_told_with_its_unit():
    assert refused(size=0) == "size is 0 and out of range; it takes a whole number in px from 16 to 100000"
    assert refused(size=10**9) == "size is 1000000000 and out of range; it takes a whole number in px from 16 to 100000"
    assert refused(style_weight=-1) == "style_weight is -1 and out of range; it takes a number from 0"


@pytest.mark.parametrize(("cls", "name"), [(cls, name) for cls, name, _, _ in NUMBERS])
@pytest.mark.parametrize("value", ["12", "many", True, math.nan, math.inf, [[1]], {}, b"1", 1j], ids=repr)
def test_what_is_no_number_is_refused(cls, name, value):
    assert refused(cls, **{name: value}).startswith(f"{name} is ")


@pytest.mark.parametrize("name", ["size", "iterations", "seed", "scale_ratio", "tv_weight"])
def test_a_number_beyond_floats_is_refused(name):
    assert refused(**{name: 10**400}).startswith(f"{name} is 1000")


@pytest.mark.parametrize("value", [512.5, "512", None, [512, 512]])
def test_a_whole_number_is_one(value):
    assert refused(size=value).startswith("size is ")


@pytest.mark.parametrize(("cls", "name", "option"), CHOICES)
def test_unknown_choices_are_refused(cls, name, option):
    assert refused(cls, **{name: "??"}) == f"unknown {name} '??'; known: {', '.join(sorted(option.choices))}"
    assert refused(cls, **{name: 3}) == f"{name} is 3; it takes one of {', '.join(option.choices)}"


def test_a_mistyped_choice_is_refused_with_the_nearest():
    assert refused(optimizer="adan") == "unknown optimizer 'adan'; did you mean 'adam'?"


@pytest.mark.parametrize("value", [1, 0, "yes", "false", None, np.bool_(True)])
def test_true_and_false_are_not_guessed(value):
    assert refused(clamp=value).endswith("it takes true or false")


@pytest.mark.parametrize("value", ["", 3, True, b"relu1_1", ["relu1_1"]])
def test_a_text_is_a_text(value):
    assert refused(weights=value).endswith("it takes a text")


def test_the_layer_weights_count_their_layers():
    said = refused(style_layers=("relu1_1", "relu2_1"), style_layer_weights=(1, 2, 3))
    assert said == "3 style_layer_weights for 2 style_layers; give one weight for each layer, or none"
    with pytest.raises(ConfigError, match=r"2 style_layer_weights for \d style_layers"):
        StylizeConfig(style_layer_weights=(1, 2)).resolve()


def test_default_layer_weights_stay_with_the_default_layers():
    assert len(StylizeConfig().resolve().style_layer_weights) == len(StylizeConfig().resolve().style_layers)
    assert StylizeConfig(style_layers=("relu1_1", "relu2_1")).resolve().style_layer_weights == ()


def test_a_path_is_as_good_as_its_name():
    assert StylizeConfig(weights=Path("mine.pth"), init=Path("start.png")) == StylizeConfig(
        weights="mine.pth", init="start.png"
    )


@pytest.mark.parametrize("name", ["style_layer_weights", "content_layer_weights", "style_blend"])
def test_relative_weights_need_one_above_zero(name):
    assert refused(**{name: (0, 0)}) == f"{name} are all zero; give at least one a positive value"


@pytest.mark.parametrize("distance", ["gatys", "mean-c2"])
def test_distances_of_gram_matrices_are_for_gram_matrices(distance):
    assert StylizeConfig(objective="gram", style_distance=distance).style_distance == distance
    assert f"style_distance {distance} is of Gram matrices only" in refused(
        objective="wasserstein", style_distance=distance
    )


def test_a_run_without_iterations_is_refused():
    assert refused(iterations=()) == "iterations is empty; give at least one number"


@pytest.mark.parametrize("blocks", ["0-2", "3-2", "10-9", "fine", "1,2", "-2", "1-"])
def test_blocks_are_from_fine_to_coarse(blocks):
    assert StylizeConfig(style_blocks=("1-2", "9-12")).style_blocks == (
        "1-2",
        "9-12",
    )  # how many there are, the network says
    assert refused(style_blocks=blocks).startswith(f"style_blocks holds {blocks!r}; give blocks from 1, as in 1-2 or 3")


@pytest.mark.parametrize("kind", ["style", "content"])
def test_every_layer_needs_its_weight(kind):
    given = {f"{kind}_layers": ("relu1_1", "relu2_1"), f"{kind}_layer_weights": (1, 2, 3)}
    assert refused(**given) == f"3 {kind}_layer_weights for 2 {kind}_layers; give one weight for each layer, or none"


@pytest.mark.parametrize("bits", [9, 12])
def test_bits_are_8_or_16(bits):
    assert refused(OutputConfig, bits=bits) == f"bits is {bits}; give 8 or 16"


# What is made of it


def test_values_become_what_their_option_holds():
    config = StylizeConfig(
        size=256.0, scale_ratio=2, iterations=[30, 20.0], style_layers=["relu1_1"], style_weight=np.float32(2)
    )
    assert (config.size, config.scale_ratio, config.iterations) == (256, 2.0, (30, 20))
    assert (config.style_layers, config.style_weight) == (("relu1_1",), 2.0)
    assert [type(v) for v in (config.size, config.scale_ratio, *config.iterations)] == [int, float, int, int]


def test_one_value_serves_where_several_may_stand():
    config = StylizeConfig(iterations=7, content_layers="relu3_1", style_blend=2)
    assert (config.iterations, config.content_layers, config.style_blend) == ((7,), ("relu3_1",), (2.0,))


def test_a_config_is_a_value():
    config = StylizeConfig(size=128)
    assert config == StylizeConfig(size=128)
    assert hash(config) == hash(StylizeConfig(size=128))
    assert pickle.loads(pickle.dumps(config)) == config
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.size = 3


def test_replacing_checks_again():
    assert dataclasses.replace(StylizeConfig(size=128), seed=3) == StylizeConfig(size=128, seed=3)
    with pytest.raises(ConfigError, match="size is 1 and out of range"):
        dataclasses.replace(StylizeConfig(), size=1)


@given(
    st.sampled_from(OBJECTIVES), st.integers(16, 100_000), st.lists(st.integers(0, 500), min_size=1), st.floats(0, 1e6)
)
@settings(max_examples=50, deadline=None)
def test_a_config_survives_json(objective, size, iterations, weight):
    config = StylizeConfig(objective=objective, size=size, iterations=iterations, tv_weight=weight)
    assert StylizeConfig(**json.loads(json.dumps(config.to_dict()))) == config


def test_output_options_survive_json():
    output = OutputConfig(quality=3, bits=16, record="a.json", save_every=4, quiet=True)
    assert OutputConfig(**json.loads(json.dumps(output.to_dict()))) == output


def test_an_overlay_changes_what_it_names():
    config = StylizeConfig(size=128, seed=4)
    assert config.overlay({"seed": 5}) == StylizeConfig(size=128, seed=5)
    assert config.overlay({}) == config
    with pytest.raises(ConfigError, match="unknown option 'seeds'; did you mean 'seed'"):
        config.overlay({"seeds": 5})


def test_an_overlay_coerces_its_changes_alone(monkeypatch):
    config, coerced = StylizeConfig(size=128).resolve(), []
    coerce = fields._coerce
    monkeypatch.setattr(fields, "_coerce", lambda name, *rest: coerced.append(name) or coerce(name, *rest))
    assert config.overlay({"seed": 5, "tile": "x"}).wrap == "x"
    assert coerced == ["seed", "wrap"]


def test_an_overlay_checks_what_concerns_several():
    with pytest.raises(ConfigError, match="2 style_layer_weights for 8 style_layers"):
        StylizeConfig(backbone="compact").resolve().overlay({"style_layer_weights": (1, 2)})


def test_what_is_right_makes_no_error(monkeypatch):
    """The text of one is costly: it says all that the option takes."""
    monkeypatch.setattr(fields, "ConfigError", None)
    assert StylizeConfig(seed=3).overlay({"size": 64}).resolve().size == 64


def test_the_hints_of_a_class_are_read_once(monkeypatch):
    StylizeConfig()
    monkeypatch.setattr(typing, "get_type_hints", None)
    assert StylizeConfig(seed=3).overlay({"size": 64}).seed == 3


def test_what_is_known_of_the_options_is_not_changed_by_chance():
    with pytest.raises(TypeError):
        options_of(StylizeConfig)["size"] = None


# What is chosen for the user


@pytest.mark.parametrize("backbone", ["compact", "vgg19", "vgg16"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_resolving_leaves_nothing_open(objective, backbone):
    resolved = StylizeConfig(objective=objective, backbone=backbone).resolve()
    assert None not in resolved.to_dict().values()
    assert resolved.resolve() is resolved
    assert StylizeConfig(**json.loads(json.dumps(resolved.to_dict()))) == resolved


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_resolving_keeps_what_was_chosen(objective):
    chosen = {
        "iterations": (3,),
        "detail": 0.1,
        "recolor": False,
        "weights": "mine.pth",
        "padding": "zeros",
        "content_weight": 7.0,
        "content_layers": ("relu1_2",),
        "content_loss": "sum",
        "style_weight": 8.0,
        "style_layers": ("relu5_4",),
        "style_layer_weights": (2.0,),
        "style_distance": "sum",
        "neighbour_weight": 9.0,
        "neighbour_layers": ("relu5_3",),
        "tv_weight": 10.0,
        "optimizer": "lbfgs",
        "step_size": 0.5,
        "cooling": 0.5,
        "variable": "pixels255",
        "meanstd_weight": 0.5,
        "content_fade": 0.25,
        "full_scales": 2,
        "split_iterations": 5,
        "voting": (0.1, 0.2),
        "voting_edges": 0.1,
        "pooling": "max",
        "neighbour_mix": 0.3,
        "neighbour_rotations": 2,
        "neighbour_refresh": 7,
        "beta1": 0.5,
        "beta2": 0.6,
    }
    open_by_default = {name for name, value in StylizeConfig().to_dict().items() if value is None}
    assert open_by_default == chosen.keys()
    config = StylizeConfig(objective=objective, **chosen)
    assert config.resolve() is config


def test_defaults_follow_objective_and_backbone():
    blend, gram = StylizeConfig().resolve(), StylizeConfig(objective="gram").resolve()
    assert (blend.backbone, blend.weights, blend.padding) == ("vgg19", "vgg19.oxford8", "zeros")
    assert blend.neighbour_weight > gram.neighbour_weight == 0
    assert (gram.content_weight, gram.weights, gram.padding) == (2.0, "vgg19.oxford8", "zeros")
    light = StylizeConfig(backbone="compact").resolve()
    assert (light.neighbour_weight, light.content_weight, light.weights) == (1.0, 0.0, "compact")
    assert light.padding == "replicate-all"


def test_another_backbone_brings_its_own_weights_input_and_padding():
    preset = StylizeConfig(backbone="vgg19", weights="mine.pth", network_input="caffe", padding="zeros", pooling="max")
    changed = preset.overlay({"backbone": "compact"}).resolve()
    assert (changed.weights, changed.network_input, changed.padding) == ("compact", "own", "replicate-all")
    assert changed.pooling == "max"
    assert preset.overlay({"backbone": "compact", "weights": "its.pth", "padding": "zeros"}).weights == "its.pth"
    for same in ({"backbone": "vgg19"}, {"size": 64}):
        kept = preset.overlay(same)
        assert (kept.weights, kept.network_input, kept.padding) == ("mine.pth", "caffe", "zeros")


def test_vgg16_matches_the_layers_that_it_has():
    deep, short = (StylizeConfig(backbone=name).resolve() for name in ("vgg19", "vgg16"))
    assert short.weights == "vgg16.oxford"
    assert short.neighbour_layers == tuple(name for name in deep.neighbour_layers if name not in ("relu3_4", "relu4_4"))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_step_of_lbfgs_is_one_by_default(objective):
    """The step sizes found for Adam are far too small for a quasi-Newton method, whose natural step is 1 to the end."""
    lbfgs = StylizeConfig(objective=objective, optimizer="lbfgs").resolve()
    assert (lbfgs.step_size, lbfgs.cooling) == (1.0, 1.0)
    assert StylizeConfig(objective=objective).resolve().step_size < 0.1


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        ("auto", None),
        ("4GB", 4 * 10**9),
        ("4 gb", 4 * 10**9),
        ("3.5GiB", 7 * 2**29),
        ("500M", 500 * 10**6),
        ("2TB", 2 * 10**12),
    ],
)
def test_memory_is_an_amount(memory, expected):
    assert StylizeConfig(memory=memory).memory_bytes == expected


@pytest.mark.parametrize("memory", ["4", "GB", "-1GB", "4PB", "much"])
def test_other_amounts_of_memory_are_refused(memory):
    with pytest.raises(ConfigError, match="it takes auto, or an amount as in 4GB"):
        StylizeConfig(memory=memory)


@pytest.mark.parametrize("name", TUPLES)
def test_an_empty_entry_is_refused_wherever_several_are_taken(name: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} has an empty entry; it takes "):
        StylizeConfig(**{name: ("",)})


@pytest.mark.parametrize("name", ["iterations", "voting", "style_scale"])
def test_where_nothing_has_no_meaning_nothing_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} is empty; give at least one number$"):
        StylizeConfig(**{name: ()})


@pytest.mark.parametrize(
    ("kind", "objective"), [("style", "blend"), ("style", "gram"), ("content", "gram"), ("neighbour", "blend")]
)
def test_a_term_that_counts_has_layers(kind: str, objective: str) -> None:
    options = {"objective": objective, f"{kind}_layers": ()}
    with pytest.raises(ConfigError, match=f"^{kind}_layers is empty; name a layer, or give a {kind}_weight of 0$"):
        StylizeConfig(**options).resolve()
    assert getattr(StylizeConfig(**options, **{f"{kind}_weight": 0.0}).resolve(), f"{kind}_layers") == ()


@pytest.mark.parametrize("backbone", ["compact", "vgg19"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_more_effort_is_more_iterations(objective: str, backbone: str) -> None:
    efforts = [
        StylizeConfig(objective=objective, backbone=backbone, effort=effort) for effort in ("draft", "standard", "fine")
    ]
    draft, standard, fine = (config.resolve().iterations or () for config in efforts)
    assert all(few < some < many for few, some, many in zip(draft, standard, fine, strict=True))
    assert StylizeConfig(objective=objective, backbone=backbone).resolve() == efforts[1].resolve()


def test_what_is_given_is_not_a_matter_of_effort() -> None:
    assert StylizeConfig(effort="fine", iterations=(3,)).resolve().iterations == (3,)


def test_each_network_has_its_own_defaults() -> None:
    compact, published = (StylizeConfig(backbone=backbone).resolve() for backbone in ("compact", "vgg19"))
    assert (compact.pooling, published.pooling) == ("avg", "max")
    assert compact.voting != published.voting
    assert StylizeConfig(backbone="vgg16").resolve().voting == published.voting


def test_an_option_is_read_by_its_former_name_as_well():
    """Records and command lines of before the border was called wrap."""
    assert StylizeConfig(tile="xy") == StylizeConfig(wrap="xy") == StylizeConfig().overlay({"tile": "xy"})
    assert "tile" not in StylizeConfig(tile="xy").to_dict()
