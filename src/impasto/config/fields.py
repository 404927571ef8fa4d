"""Options of a config: their metadata, and the checks of their values."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import math
import os
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, NoneType
from typing import Any, TypeVar

from ..errors import ConfigError, nearest_name

__all__ = ["SUBJECTS", "Checked", "Option", "by_present_name", "option", "options_of", "refuse_unknown", "shape_of"]

Config = TypeVar("Config")
Changed = TypeVar("Changed", bound="Checked")


SUBJECTS = {
    "content": "the content picture, which a texture does not have",
    "shape": "the size and shape of the canvas, for which a texture has a flag of its own",
    "regions": "the parts of a picture with masks",
    "learning": "what is learnt of a style, and how",
    "one run": "the files of one run, which many runs cannot share",
    "one picture": "what is written of one picture, and not of a sheet of several",
}
"""Subjects of options. Commands include or leave out options by these words."""


@dataclass(frozen=True)
class Option:
    """Metadata of an option, beside its type and default; stored in the metadata of the field.

    Attributes:
        help: one phrase for help texts and documents.
        group: heading that it is listed under.
        unit: of the value, or empty.
        low: least value, or None.
        high: largest value, or None.
        choices: allowed names; empty for any value.
        former: its name in older records and command lines, which is still accepted.
        about: words of `SUBJECTS`.
        without_content: value for textures, if it differs from the default.
    """

    help: str
    group: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    former: str = ""
    about: tuple[str, ...] = ()
    without_content: Any = None

    def __post_init__(self) -> None:
        if odd := {*self.about} - {*SUBJECTS}:
            raise ValueError(f"an option is about {', '.join(sorted(odd))}, which is none of {', '.join(SUBJECTS)}")


def option(default: Any, help: str, group: str, **rest: Any) -> Any:
    """Make a field of a config.

    Args:
        default: of the option.
        help: see `Option`.
        group: see `Option`.
        rest: other attributes of `Option`.

    Returns:
        A `dataclasses.field`.
    """
    return dataclasses.field(default=default, metadata={"option": Option(help=help, group=group, **rest)})


def options_of(config: type | object) -> Mapping[str, tuple[Any, Any, Option]]:
    """All options of a config.

    Args:
        config: a config class or an instance.

    Returns:
        Type, default and `Option` by name, in the order of definition.
    """
    return _options_of(config if isinstance(config, type) else type(config))


@functools.cache  # evaluating type hints is slow, and a run needs them hundreds of times
def _options_of(cls: type) -> Mapping[str, tuple[Any, Any, Option]]:
    types = typing.get_type_hints(cls)
    return MappingProxyType({f.name: (types[f.name], f.default, f.metadata["option"]) for f in dataclasses.fields(cls)})


@functools.cache
def _former_names(cls: type) -> Mapping[str, str]:
    return {option.former: name for name, (_, _, option) in options_of(cls).items() if option.former}


def by_present_name(cls: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """Replace former names of options by the present ones.

    Args:
        cls: a config class.
        options: values by name.

    Returns:
        Values by present name.
    """
    return {_former_names(cls).get(name, name): value for name, value in options.items()}


def refuse_unknown(cls: type[Config]) -> type[Config]:
    """Class decorator of a config: an unknown keyword raises a `ConfigError` that names the nearest known option."""
    init: Callable[..., None] = cls.__init__

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **options: Any) -> None:
        init(self, *args, **_known(cls, options))

    checked.__signature__ = inspect.signature(init)  # type: ignore[attr-defined]
    cls.__init__ = checked  # type: ignore[method-assign]
    return cls


def _known(cls: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """Values by present name; an unknown name raises a `ConfigError`."""
    known, options = options_of(cls), by_present_name(cls, options)
    for name in options:
        if name not in known:
            raise ConfigError(f"unknown option {name!r}", nearest_name(name, known))
    return options


class Checked:
    """Base of the configs: converts and checks the value of every field of a frozen dataclass.

    Raises:
        ConfigError: a value is of the wrong type or out of range.
    """

    def __post_init__(self) -> None:
        self._take({name: getattr(self, name) for name in options_of(self)})

    def changed(self: Changed, changes: Mapping[str, Any]) -> Changed:
        """A copy with some options changed.

        Only the changes are converted and checked, and then combinations of options.

        Args:
            changes: values by name.

        Returns:
            The changed config.

        Raises:
            ConfigError: an option is unknown (the hint gives the nearest name), of the wrong type, or out of range.
        """
        copied = copy.copy(self)
        copied._take(_known(type(self), changes))
        return copied

    def to_dict(self) -> dict[str, Any]:
        """Values by name, as JSON types; ``type(config)(**config.to_dict())`` is an equal config."""
        values = {name: getattr(self, name) for name in options_of(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def _take(self, values: Mapping[str, Any]) -> None:
        """Convert, check and set values; used by constructors only, because configs are immutable."""
        known = options_of(self)
        for name, value in values.items():
            kind, _, option = known[name]
            object.__setattr__(self, name, _coerce(name, value, kind, option))
        self._check_together()

    def _check_together(self) -> None:
        """Raise a `ConfigError` if the values of several options contradict each other."""


@functools.cache
def shape_of(kind: Any) -> tuple[type, bool, bool]:
    """Analyse the annotation of an option.

    Args:
        kind: such as ``int``, ``tuple[float, ...]`` or ``str | None``.

    Returns:
        The scalar type, whether the option takes several values, and whether it may be None.

    Examples:
        >>> shape_of(tuple[float, ...] | None)
        (<class 'float'>, True, True)
    """
    variants = typing.get_args(kind)
    is_open = NoneType in variants
    base = next(variant for variant in variants if variant is not NoneType) if is_open else kind
    many = typing.get_origin(base) is tuple
    return typing.get_args(base)[0] if many else base, many, is_open


def _coerce(name: str, value: Any, kind: Any, option: Option) -> Any:
    """Convert a value to ``kind``, or raise a `ConfigError` that says what the option takes."""
    scalar, many, is_open = shape_of(kind)
    if value is None:
        if is_open:
            return None
        raise ConfigError(f"{name} is None", _takes(kind, option))
    if not many:
        return _scalar(name, value, scalar, option)
    items = value if isinstance(value, (list, tuple)) else (value,)
    if any(isinstance(item, str) and not item for item in items):
        raise ConfigError(f"{name} has an empty entry", _takes(scalar, option))
    return tuple(_scalar(name, item, scalar, option) for item in items)


def _scalar(name: str, value: Any, kind: type, option: Option) -> Any:
    """Convert and check a single value."""
    if kind is bool or isinstance(value, bool):
        if not (kind is bool and isinstance(value, bool)):
            raise _wrong(name, value, kind, option)
        return value
    if kind is str:
        value = os.fspath(value) if isinstance(value, os.PathLike) else value
        if not isinstance(value, str) or not value:
            raise _wrong(name, value, kind, option)
        if option.choices and value not in option.choices:
            raise ConfigError(f"unknown {name} {value!r}", nearest_name(value, option.choices))
        return value
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise _wrong(name, value, kind, option) from None
    if (
        isinstance(value, (str, bytes))
        or (kind is float and not math.isfinite(number))
        or (kind is int and number != value)
    ):
        raise _wrong(name, value, kind, option)
    if (option.low is not None and number < option.low) or (option.high is not None and number > option.high):
        raise ConfigError(f"{name} is {value} and out of range", _takes(kind, option))
    return number


def _wrong(name: str, value: Any, kind: type, option: Option) -> ConfigError:
    return ConfigError(f"{name} is {value!r}", _takes(kind, option))


def _takes(kind: Any, option: Option) -> str:
    """``it takes a whole number in px from 16 to 100000``."""
    if option.choices:
        return f"it takes one of {', '.join(option.choices)}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}.get(kind, "a value")
    unit = f" in {option.unit}" if option.unit else ""
    low = f" from {option.low:g}" if option.low is not None else ""
    high = f" to {option.high:g}" if option.high is not None else ""
    return f"it takes {words}{unit}{low}{high}"
