"""The run record: everything that is needed to know how a picture was made, and to make it again. Plain JSON values."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypedDict

from ..config import StylizeConfig
from ..config.fields import by_present_name
from ..errors import ConfigError
from ..files import check_replaced, check_writable, is_json
from ..weights.manifest import WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Input",
    "MaskInput",
    "RegionInput",
    "RunRecord",
    "check_record_output",
    "config_of",
    "files_named",
    "make_record",
    "parse_record",
    "pixels_sha256",
    "record_text",
    "run_id",
]

SCHEMA = 1


class Input(TypedDict):
    """An input picture: its path (or ``array``) and the SHA-256 of its bytes.

    In records inside of pictures, a path has no folder (see `portable`)."""

    name: str
    sha256: str


class MaskInput(Input):
    """An input mask: a file, or one colour of a label map. The colour is empty for a mask file."""

    color: str


class RegionInput(TypedDict):
    """A region: its mask, and for each of its styles a mask or None. The styles themselves are in ``styles`` of the
    record, region by region."""

    mask: MaskInput
    styles: list[MaskInput | None]


class RunRecord(TypedDict, total=False):
    """The record of a run, which `impasto inspect` prints. The ``content`` of a texture is None.

    ``losses`` are those of the last iteration that are finite: weighted terms and their total. ``weights`` has the
    ``id`` and ``sha256`` of the weights that were used and, if they stood in for others, the id of these as ``asked``.
    """

    schema: int
    impasto: str
    preset: str | None
    config: dict[str, Any]
    content: Input | None
    styles: list[Input]
    start: Input | None
    regions: list[RegionInput]
    weights: dict[str, str]
    events: list[dict[str, Any]]
    parent: dict[str, Any]
    size: list[int]
    iterations: int
    evaluations: int
    losses: dict[str, float]
    reason: str
    message: str
    seconds: float
    peak_memory: int
    pixels_sha256: str
    versions: dict[str, str]
    machine: dict[str, Any]


def make_record(config: StylizeConfig, content: Input | None, styles: Sequence[Input], **rest: Any) -> RunRecord:
    """Make a record, with the versions and facts of this machine.

    Args:
        config: resolved.
        content: None for a texture.
        styles: in order.
        rest: other keys of `RunRecord`.

    Returns:
        The record.
    """
    import torch

    record: RunRecord = {
        "schema": SCHEMA,
        "impasto": metadata.version("impasto"),
        "config": config.to_dict(),
        "content": content,
        "styles": list(styles),
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": metadata.version("numpy"),
        },
        "machine": {**machine(config.device), **({"threads": max(config.threads)} if config.threads else {})},
    }
    return RunRecord(**{**record, **rest})  # type: ignore[typeddict-item]


def machine(device: str) -> dict[str, Any]:
    """Facts of this machine that the exact result of a run depends on.

    Args:
        device: of the run.

    Returns:
        System, processor, instruction set, number of threads, device, and the name of a GPU.
    """
    import torch

    from ..devices import instruction_set

    facts: dict[str, Any] = {
        "system": platform.system(),
        "processor": platform.machine(),
        "instructions": instruction_set(),
    }
    facts |= {"threads": torch.get_num_threads(), "device": device}
    if device.startswith("cuda"):
        facts["gpu"] = torch.cuda.get_device_name()
    return facts


def run_id(record: Mapping[str, Any]) -> str:
    """An identifier of a run: a hash of its inputs, options and changes. Repeated runs have the same one.

    Args:
        record: of the run.

    Returns:
        64 hex digits.
    """
    facts = {
        key: record.get(key)
        for key in ("config", "content", "styles", "start", "regions", "weights", "events", "parent")
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def record_text(record: Mapping[str, Any]) -> str:
    """Encode a record as JSON. Bytes of file names that are not UTF-8 become escapes.

    Args:
        record: any JSON object.

    Returns:
        The text.
    """
    text = json.dumps(record, indent=1, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def check_record_output(path: str | os.PathLike[str]) -> None:
    """Check that a record can be written to a file.

    Args:
        path: the file.

    Raises:
        OutputError: it cannot be written, or exists and is not a record.
    """
    check_writable(path)
    check_replaced(path, lambda there: is_json(there, ("schema", "config")), "run record")


def parse_record(text: str) -> RunRecord:
    """Decode a record.

    Args:
        text: JSON.

    Returns:
        The record, with the present names of options.

    Raises:
        ConfigError: the text is not a run record, is of a later version, or has entries or options that cannot be used.
    """
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or not {"schema", "config", "content", "styles"} <= record.keys():
        raise ConfigError("this is not a run record", _WRITTEN)
    if record["schema"] != SCHEMA:
        raise ConfigError(
            f"the run record is of schema {record['schema']}, this version reads {SCHEMA}", "update impasto"
        )
    for key, usable in _USABLE.items():
        if not usable(record.get(key)):
            raise ConfigError(f"the run record is damaged at {key!r}", _WRITTEN)
    record["config"] = by_present_name(StylizeConfig, record["config"])
    if "threads" not in record["config"] and isinstance(all_scales := record["machine"].get("threads"), int):
        record["config"]["threads"] = [all_scales]  # an older run had one number for all of its scales
    config = config_of(record)  # checks the options
    if record["content"] is None and not config.texture:
        raise ConfigError("the run record is damaged at 'content'", _WRITTEN)
    return RunRecord(**record)  # type: ignore[typeddict-item]


_WRITTEN = "give a picture or a JSON file that impasto wrote"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_input(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in Input.__annotations__)


def _is_mask(value: Any) -> bool:
    return _is_input(value) and isinstance(value.get("color"), str)


def _is_region(value: Any) -> bool:
    styles = value.get("styles") if isinstance(value, dict) else None
    return (
        isinstance(styles, list)
        and _is_mask(value.get("mask"))
        and all(each is None or _is_mask(each) for each in styles)
    )


def _is_event(value: Any) -> bool:
    known = isinstance(value, dict) and isinstance(value.get("step"), int) and _is_table(value.get("options"))
    return known and ("mask" not in value or _is_input(value["mask"]))


_USABLE: dict[str, Callable[[Any], bool]] = {  # checks of the entries that are used
    "config": _is_table,
    "content": lambda value: value is None or _is_input(value),
    "styles": lambda value: isinstance(value, list) and bool(value) and all(map(_is_input, value)),
    "start": lambda value: value is None or _is_input(value),
    "regions": lambda value: value is None or (isinstance(value, list) and all(map(_is_region, value))),
    "weights": lambda value: value is None or (_is_table(value) and all(map(_is_text, value.values()))),
    "events": lambda value: value is None or (isinstance(value, list) and all(map(_is_event, value))),
    "parent": lambda value: value is None or _is_table(value),
    "impasto": _is_text,
    "versions": _is_table,
    "machine": _is_table,
    "pixels_sha256": lambda value: value is None or _is_text(value),
    "size": lambda value: value is None or (isinstance(value, list) and len(value) == 2),
    "peak_memory": lambda value: value is None or isinstance(value, (int, float)),
}


def config_of(record: Mapping[str, Any]) -> StylizeConfig:
    """The config in a record.

    Args:
        record: its ``config``.

    Returns:
        The config.

    Raises:
        ConfigError: an option is unknown or out of range.
    """
    return StylizeConfig(**record["config"])


def files_named(config: StylizeConfig) -> list[str]:
    """Paths in options: those of the initial canvas and of the weights, if they are files.

    Args:
        config: the options.

    Returns:
        At most two paths.
    """
    start = [] if config.init in _STARTS else [config.init]
    return [*start, *([config.weights] if config.weights and config.weights not in WEIGHTS else [])]


_STARTS = ("content", "noise", "style", "pieces")


def pixels_sha256(pixels: Tensor) -> str:
    """SHA-256 of the 8-bit RGB values of a picture, row by row, as they are in an 8-bit PNG.

    Args:
        pixels: ``(1, 3, H, W)`` in [0, 1].

    Returns:
        64 hex digits.
    """
    from ..images.arrays import rounded

    return hashlib.sha256(rounded(pixels, 8).tobytes()).hexdigest()
