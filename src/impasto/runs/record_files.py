"""Paths in a record: reduced to file names, made absolute, or replaced by the paths at which files are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from ..errors import PictureError
from ..files import exists
from ..images.files.folder import digest_of
from ..weights.manifest import WEIGHTS
from .record import RunRecord

__all__ = ["found_inputs", "located", "portable"]


def portable(record: RunRecord) -> RunRecord:
    """Remove folders from all paths, for records in pictures, which may be given to others.

    Args:
        record: is not changed.

    Returns:
        The changed record.
    """
    return _renamed(record, lambda entry: Path(entry["name"]).name)


def located(record: RunRecord) -> RunRecord:
    """Make the paths of all files that exist absolute, so that they are found from any folder.

    Args:
        record: is not changed.

    Returns:
        The changed record.
    """
    return _renamed(
        record, lambda entry: str(Path(entry["name"]).absolute()) if exists(entry["name"]) else entry["name"]
    )


def found_inputs(record: RunRecord, folder: Path) -> RunRecord:
    """Replace paths by those at which the files are found: the recorded path, or the file of this name in a folder.

    If both exist, the file with the recorded hash is taken. If none exists, the recorded path is kept.

    Args:
        record: is not changed.
        folder: of the picture or checkpoint with the record.

    Returns:
        The changed record.
    """

    def find(entry: Mapping[str, str]) -> str:
        places = [place for place in (entry["name"], str(folder / Path(entry["name"]).name)) if exists(place)]
        return next((place for place in places if _has_digest(place, entry["sha256"])), (places or [entry["name"]])[0])

    return _renamed(record, find)


def _has_digest(path: str, sha256: str) -> bool:
    try:
        return digest_of(path) == sha256
    except (OSError, PictureError):
        return False  # the error is raised when the file is read


def _renamed(record: RunRecord, rename: Callable[[Mapping[str, str]], str]) -> RunRecord:
    """Apply ``rename`` to the paths of all files: pictures, masks, the initial canvas, and weights that are a file."""

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
