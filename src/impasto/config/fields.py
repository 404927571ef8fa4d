"""One option: what is known of it, and how a value is checked against that."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import os
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import ConfigError, nearest_name

__all__ = ["Checked", "Option", "by_present_name", "option", "options_of", "refuse_unknown"]

Config = TypeVar("Config")


@dataclass(frozen=True)
class Option:
    """What is known of one option beside its type and default (stored in the field's metadata)."""

    help: str
    group: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    former: str = ""  # its name in older records and command lines, still read


def option(default: Any, help: str, group: str, **rest: Any) -> Any:
    """A field of a config: its default, and what `Option` says of it."""
    return dataclasses.field(default=default, metadata={"option": Option(help=help, group=group, **rest)})


def options_of(config: type | object) -> dict[str, tuple[Any, Any, Option]]:
    """``{name: (type, default, Option)}`` for every option of a config class, in order."""
    types = typing.get_type_hints(config if isinstance(config, type) else type(config))
    fields = dataclasses.fields(config)  # type: ignore[arg-type]
    return {f.name: (types[f.name], f.default, f.metadata["option"]) for f in fields}


def by_present_name(cls: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` with those that go by a former name under their present one."""
    present = {option.former: name for name, (_, _, option) in options_of(cls).items() if option.former}
    return {present.get(name, name): value for name, value in options.items()}


def refuse_unknown(cls: type[Config]) -> type[Config]:
    """Turn a mistyped keyword into a `ConfigError` that names the nearest known option."""
    init: Callable[..., None] = cls.__init__

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **options: Any) -> None:
        known, options = options_of(cls), by_present_name(cls, options)
        for name in options:
            if name not in known:
                raise ConfigError(f"unknown option {name!r}", nearest_name(name, known))
        init(self, *args, **options)

    checked.__signature__ = inspect.signature(init)  # type: ignore[attr-defined]
    cls.__init__ = checked  # type: ignore[method-assign]
    return cls


class Checked:
    """Coerces, range-checks and names what is wrong, for every field of a frozen dataclass."""

    def __post_init__(self) -> None:
        for name, (kind, _, option) in options_of(self).items():
            object.__setattr__(self, name, _coerce(name, getattr(self, name), kind, option))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``type(config)(**config.to_dict())`` is the same config."""
        values = dataclasses.asdict(self)  # type: ignore[call-overload]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _coerce(name: str, value: Any, kind: Any, option: Option) -> Any:
    """``value`` as ``kind``, or a `ConfigError` that says what the option takes."""
    variants = typing.get_args(kind) if type(None) in typing.get_args(kind) else (kind,)
    if value is None:
        if type(None) in variants:
            return None
        raise ConfigError(f"{name} is None", _takes(kind, option))
    base = next(v for v in variants if v is not type(None))
    if typing.get_origin(base) is tuple:
        items = value if isinstance(value, (list, tuple)) else (value,)
        if any(isinstance(item, str) and not item for item in items):
            raise ConfigError(f"{name} has an empty entry", _takes(typing.get_args(base)[0], option))
        return tuple(_scalar(name, item, typing.get_args(base)[0], option) for item in items)
    return _scalar(name, value, base, option)


def _scalar(name: str, value: Any, kind: type, option: Option) -> Any:
    wrong = ConfigError(f"{name} is {value!r}", _takes(kind, option))
    if kind is bool or isinstance(value, bool):
        if not (kind is bool and isinstance(value, bool)):
            raise wrong
        return value
    if kind is str:
        value = os.fspath(value) if isinstance(value, os.PathLike) else value
        if not isinstance(value, str) or not value:
            raise wrong
        if option.choices and value not in option.choices:
            raise ConfigError(f"unknown {name} {value!r}", nearest_name(value, option.choices))
        return value
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise wrong from None
    if isinstance(value, (str, bytes)) or (kind is float and not math.isfinite(number)) or (kind is int and number != value):
        raise wrong
    if (option.low is not None and number < option.low) or (option.high is not None and number > option.high):
        raise ConfigError(f"{name} is {value} and out of range", _takes(kind, option))
    return number


def _takes(kind: Any, option: Option) -> str:
    """``it takes a whole number in px from 16 to 100000``."""
    if option.choices:
        return f"it takes one of {', '.join(option.choices)}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}.get(kind, "a value")
    unit = f" in {option.unit}" if option.unit else ""
    low = f" from {option.low:g}" if option.low is not None else ""
    high = f" to {option.high:g}" if option.high is not None else ""
    return f"it takes {words}{unit}{low}{high}"
