"""What differs between two runs, by their records: what went in, and what made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

__all__ = ["differing_inputs", "differing_makers"]


_FILES = {
    "content": "content picture",
    "styles": "style",
    "start": "start picture",
    "regions": "region",
    "weights": "weights",
}


def differing_inputs(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What went into two runs and is not the same, as in ``style 2``: files by their bytes, wherever they lie, and
    options."""
    before, after = (
        _options(record) | _digests({_FILES[key]: record.get(key) for key in _FILES}) for record in (then, now)
    )
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


def _options(record: Mapping[str, Any]) -> dict[str, Any]:
    """Those that name no file: of files the bytes are compared."""
    files = {"weights"} if record.get("weights") else set()
    files |= {"init"} if record.get("start") else set()
    return {f"option {name}": value for name, value in record["config"].items() if name not in files}


def _digests(value: Any, name: str = "") -> dict[str, Any]:
    """What is known of every file in a nested value, by where it stands there, except what it is called or was asked
    for as."""
    if isinstance(value, dict) and "sha256" in value:
        return {name: {key: fact for key, fact in value.items() if key not in ("name", "id", "asked")}}
    pairs = value.items() if isinstance(value, dict) else enumerate(value, 1) if isinstance(value, list) else ()
    return {place: known for key, each in pairs for place, known in _digests(each, f"{name} {key}".strip()).items()}


def differing_makers(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What made two runs and is not the same, as in ``threads 2 then, 1 now``: without any, a run repeats to the
    byte."""
    before, after = ({**r["versions"], **r["machine"], "impasto": r["impasto"]} for r in (then, now))
    names = sorted({*before, *after})
    return [
        f"{name} {before.get(name)} then, {after.get(name)} now"
        for name in names
        if before.get(name) != after.get(name)
    ]
