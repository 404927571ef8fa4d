"""Differences between two run records: in their inputs, and in versions and machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["differing_inputs", "differing_makers"]


_FILES = {
    "content": "content picture",
    "styles": "style",
    "start": "start picture",
    "regions": "region",
    "weights": "weights",
}


def differing_inputs(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The inputs and options that differ between two records. Files are compared by their bytes, not by their paths.

    Args:
        then: a record.
        now: another one.

    Returns:
        Names such as ``style 2`` or ``option size``.
    """
    before, after = (
        _options(record) | _digests({_FILES[key]: record.get(key) for key in _FILES}) for record in (then, now)
    )
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


def _options(record: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a record that name no file."""
    files = {"weights"} if record.get("weights") else set()
    files |= {"init"} if record.get("start") else set()
    return {f"option {name}": value for name, value in record["config"].items() if name not in files}


def _digests(value: Any, name: str = "") -> dict[str, Any]:
    """The facts of every file in a nested value, without its name, by its place in the value."""
    if isinstance(value, dict) and "sha256" in value:
        return {name: {key: fact for key, fact in value.items() if key not in ("name", "id", "asked")}}
    pairs = value.items() if isinstance(value, dict) else enumerate(value, 1) if isinstance(value, list) else ()
    return {place: known for key, each in pairs for place, known in _digests(each, f"{name} {key}".strip()).items()}


def differing_makers(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The versions and facts of the machine that differ between two records. If there are none, a run repeats exactly.

    Args:
        then: a record.
        now: another one.

    Returns:
        Phrases such as ``threads 2 then, 1 now``.
    """
    before, after = ({**r["versions"], **r["machine"], "impasto": r["impasto"]} for r in (then, now))
    names = sorted({*before, *after})
    return [
        f"{name} {before.get(name)} then, {after.get(name)} now"
        for name in names
        if before.get(name) != after.get(name)
    ]
