"""Flags are the options of the config: every one has a flag, and a flag's text becomes the option's value."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from impasto.cli.options import COMMON_NAMES, GroupedCommand, derived_flags, given_options
from impasto.config.fields import options_of
from impasto.config.options import OutputConfig, StylizeConfig
from impasto.errors import ConfigError

OPTIONS = {**options_of(StylizeConfig), **options_of(OutputConfig)}


@click.command(cls=GroupedCommand)
@derived_flags()
def command(**flags):
    return flags


def parse(*args: str) -> dict:
    return command.main(list(args), standalone_mode=False)


def help_text() -> str:
    return CliRunner().invoke(command, ["--help"], terminal_width=300).output


def test_every_option_has_its_flag():
    flags = {param.name: param.opts[0] for param in command.params}
    assert flags == {name: f"--{name.replace('_', '-')}" for name in OPTIONS}


def test_nothing_given_changes_nothing():
    flags = parse()
    assert given_options(StylizeConfig, flags) == {}
    assert given_options(OutputConfig, flags) == {}


@pytest.mark.parametrize(
    ("args", "changes"),
    [
        (["--size", "640"], {"size": 640}),
        (["--size", "1e3"], {"size": 1000}),
        (["--content-weight", "1e4"], {"content_weight": 1e4}),
        (["--iterations", "50"], {"iterations": (50,)}),
        (["--iterations", "120, 60,30"], {"iterations": (120, 60, 30)}),
        (["--style-layers", "relu1_1,pixels"], {"style_layers": ("relu1_1", "pixels")}),
        (["--style-blend", "2,.5"], {"style_blend": (2.0, 0.5)}),
        (["--init", "noise"], {"init": "noise"}),
        (["--clamp", "--no-carry"], {"clamp": True, "carry": False}),
    ],
)
def test_text_becomes_the_value_of_the_option(args, changes):
    given = given_options(StylizeConfig, parse(*args))
    assert given == changes
    assert {name: getattr(StylizeConfig(**given), name) for name in changes} == changes


def test_options_of_the_output_are_kept_apart():
    flags = parse("--quality", "80", "--size", "64", "--record", "run.json")
    assert given_options(OutputConfig, flags) == {"quality": 80, "record": "run.json"}
    assert given_options(StylizeConfig, flags) == {"size": 64}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--size", "large"], "size is 'large'; it takes a whole number in px from 16 to 100000"),
        (["--size", "64.5"], "size is '64.5'; it takes a whole number in px from 16 to 100000"),
        (["--size", "0"], "size is 0 and out of range"),
        (["--size", "1000000000"], "size is 1000000000 and out of range"),
        (["--content-weight", "-1"], "content_weight is -1.0 and out of range; it takes a number from 0"),
        (["--style-weight", "nan"], "style_weight is nan"),
        (["--iterations", "10,many"], "iterations is 'many'; it takes a whole number"),
        (["--objective", "grm"], "unknown objective 'grm'; did you mean 'gram'?"),
    ],
)
def test_the_config_says_what_is_wrong_with_a_value(args, message):
    with pytest.raises(ConfigError) as caught:
        StylizeConfig(**given_options(StylizeConfig, parse(*args)))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", OPTIONS)
def test_help_states_flag_meaning_and_choices(name):
    _, _, option = OPTIONS[name]
    lines = [line for line in help_text().splitlines() if line.split()[:1] == [f"--{name.replace('_', '-')}"]]
    assert len(lines) == 1
    assert option.help in lines[0]
    assert "|".join(option.choices) in lines[0]


def test_help_states_range_and_default():
    text = help_text()
    assert "[16 to 100000; default 512]" in text
    assert "[0 or more; default 0]" in text  # the seed, whose upper bound is no help
    iterations = ",".join(map(str, StylizeConfig().resolve().iterations))
    assert f"default {iterations}*]" in text  # the star: of the default objective
    assert "default relu1_1,...,relu5_1*]" in text


def test_help_shows_the_common_options_first():
    text = help_text()
    first = text.index("\nOutput:")
    assert text.index("Common options:") < text.index("--size") < text.index("--objective") < first
    assert first < text.index("Advanced: sizes and scales:") < text.index("--scale-ratio")
    assert set(COMMON_NAMES) <= OPTIONS.keys()


def test_a_command_may_go_without_some_flags():
    @click.command(cls=GroupedCommand)
    @derived_flags(without=("size", "record"))
    def smaller(**flags):
        return flags

    assert {param.name for param in smaller.params} == set(OPTIONS) - {"size", "record"}
