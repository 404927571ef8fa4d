"""The files that a record names: without folders, with absolute paths, or where they are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..errors import PictureError
from ..files import exists
from ..images.files.folder import digest_of
from ..weights.manifest import WEIGHTS

if TYPE_CHECKING:
    pass
from .record import RunRecord

__all__ = ["found_inputs", "located", "portable"]


def portable(record: RunRecord) -> RunRecord:
    """The record with the names of files alone: the folders they lay in are nobody's business who is given the
    picture."""
    return _renamed(record, lambda entry: Path(entry["name"]).name)


def located(record: RunRecord) -> RunRecord:
    """The record with absolute paths of the files that are there: from another folder they are still found."""
    return _renamed(
        record, lambda entry: str(Path(entry["name"]).absolute()) if exists(entry["name"]) else entry["name"]
    )


def found_inputs(record: RunRecord, folder: Path) -> RunRecord:
    """The record with the paths at which its files are found: as they are recorded, or in ``folder`` under their name.

    Of both, the one with the recorded bytes is taken. What is not found keeps its name.
    """

    def find(entry: Mapping[str, str]) -> str:
        places = [place for place in (entry["name"], str(folder / Path(entry["name"]).name)) if exists(place)]
        return next((place for place in places if _has_digest(place, entry["sha256"])), (places or [entry["name"]])[0])

    return _renamed(record, find)


def _has_digest(path: str, sha256: str) -> bool:
    try:
        return digest_of(path) == sha256
    except (OSError, PictureError):
        return False  # whoever reads it will say what is wrong


def _renamed(record: RunRecord, rename: Callable[[Mapping[str, str]], str]) -> RunRecord:
    """The record with other names of its files: pictures, masks, the start, and weights that are a file."""

    def input_(entry: Any) -> Any:
        return entry and {**entry, "name": rename(entry)}

    changed: dict[str, Any] = {
        **record,
        "content": input_(record["content"]),
        "styles": [*map(input_, record["styles"])],
    }
    options = changed["config"] = {**record["config"]}
    if start := record.get("start"):
        changed["start"] = input_(start)
        options["init"] = changed["start"]["name"]
    if regions := record.get("regions"):
        changed["regions"] = [
            {**region, "mask": input_(region["mask"]), "styles": [*map(input_, region["styles"])]} for region in regions
        ]
    if events := record.get("events"):
        changed["events"] = [{**event, "mask": input_(event["mask"])} if "mask" in event else event for event in events]
    if (weights := record.get("weights")) and weights.get("id") not in WEIGHTS and {"id", "sha256"} <= weights.keys():
        name = rename({"name": weights["id"], "sha256": weights["sha256"]})
        changed["weights"], options["weights"] = {**weights, "id": name}, name
    return cast(RunRecord, changed)
