"""``impasto presets`` and ``impasto inspect``: print presets and run records."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click

from ..config import StylizeConfig
from ..config.fields import options_of
from .options import HEADINGS

__all__ = ["inspect", "presets"]


@click.command()
@click.argument("name", required=False)
def presets(name: str | None) -> None:
    """List the presets, or print all settings of the preset NAME.

    Settings that differ from the defaults are marked with the default. What is printed is TOML.
    """
    from ..config.presets import preset_names, read_preset

    if name:
        click.echo("\n".join(_settings(name)))
        return
    for known in preset_names():
        preset = read_preset(known)
        click.echo(f"{known:<22} {preset.title}\n{'':<22} {preset.source}")


def _settings(name: str) -> Iterator[str]:
    """A preset as lines of TOML: all options, resolved, under the headings of their groups."""
    from ..config.presets import read_preset

    preset = read_preset(name)
    values, defaults = preset.config.resolve().to_dict(), StylizeConfig().resolve().to_dict()
    differing = sum(value != defaults[key] for key, value in values.items())
    yield from (
        f"# {line}" for line in (preset.title, preset.source, preset.departs and f"Departs: {preset.departs}") if line
    )
    yield f"# {_needs(preset.config)}"
    yield f"# {differing} of {len(values)} settings differ from the defaults, which stand beside them"
    group = ""
    for key, (_, _, option) in options_of(StylizeConfig).items():
        if option.group != group:
            group = option.group
            yield f"\n# {HEADINGS[group].removeprefix('Advanced: ').capitalize()}"
        line = f"{key} = {json.dumps(values[key])}"
        yield line if values[key] == defaults[key] else f"{line}  # default: {json.dumps(defaults[key])}"


def _needs(config: StylizeConfig) -> str:
    """The weights of a preset, how to fetch them, and what is used without them."""
    from ..weights.manifest import find_record

    record = find_record(config.resolve().weights or "")
    if record.package:
        return f"Takes the weights {record.id} ({record.megabytes} MB), which are inside {record.package}"
    if record.stand_in:
        other = f"without them {record.stand_in} is used, the same in 8 bits each"
        return f"Asks for the weights {record.id} ({record.megabytes} MB): impasto weights fetch {record.id}; {other}"
    other = "--backbone compact paints without, and is no longer the original"
    return f"Needs the weights {record.id} ({record.megabytes} MB): impasto weights fetch {record.id}; {other}"


@click.command()
@click.argument("picture")
@click.option("--json", "raw", is_flag=True, help="print the record as it is embedded")
def inspect(picture: str, raw: bool) -> None:
    """Print how PICTURE was made: the run record that it carries."""
    from ..runs.record import parse_record
    from .records import text_in

    text = text_in(picture)
    if raw:
        click.echo(text)
        return
    record: dict[str, Any] = {**parse_record(text)}
    record["config"] = record.pop("config")  # the longest part last
    if not sys.stdout.isatty():  # for programs: complete values, a line each
        for key, value in _rows(record):
            click.echo(f"{key}\t{' '.join(value.split())}")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for key, value in _rows(record):
        table.add_row(Text(key, style="bold"), Text(value, overflow="fold"))
    Console(file=sys.stdout).print(table)


def _rows(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Key and value of each entry that is not empty; nested keys are joined, as ``config.size``."""
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from _rows(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield from _rows({str(index): item for index, item in enumerate(value, 1)}, f"{prefix}{key}.")
        elif value not in (None, []):
            yield f"{prefix}{key}", _text(key, value)


def _text(key: str, value: Any) -> str:
    if key == "size" and isinstance(value, list):
        return f"{value[1]} x {value[0]} px"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if key == "peak_memory":
        return f"{value / 2**20:.0f} MiB"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
