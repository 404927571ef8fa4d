"""Flags that are derived from the options of a config, and help texts with headings, common options first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar

import click

from ..config import OutputConfig, StylizeConfig
from ..config.fields import Option, by_present_name, options_of, shape_of
from ..errors import ConfigError, nearest_name

__all__ = ["Flag", "GroupedCommand", "derived_flags", "given_options", "given_values"]

COMMON = "Common options"
COMMON_NAMES = (
    *("size", "iterations", "objective", "content_weight", "style_weight", "style_scale", "style_blend", "color"),
    *("init", "backbone", "weights", "optimizer", "seed", "device"),
)
HEADINGS = {
    "size": "Advanced: sizes and scales",
    "start": "Advanced: start of the canvas",
    "color": "Advanced: colour",
    "network": "Advanced: network",
    "objective": "Advanced: losses",
    "solver": "Advanced: solver",
    "run": "Advanced: computing",
    "output": "Output",
}
METAVARS = {int: "N", float: "X", str: "NAME"}
MOST_SHOWN = 1e12  # larger bounds are not shown

Command = TypeVar("Command", bound=Callable[..., Any])


class Flag(click.Option):
    """A click option with the heading that it is shown under.

    Args:
        args: as of `click.Option`.
        heading: in the help.
        attributes: as of `click.Option`.
    """

    def __init__(self, *args: Any, heading: str = COMMON, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.heading = heading

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The line of the help, without a former name of the option."""
        record, (_, *former) = super().get_help_record(ctx), self.opts
        return (
            (record[0].replace(f", {former[0]}", ""), record[1])
            if record and former and former[0][:2] == "--"
            else record
        )


class GroupedCommand(click.Command):
    """A command whose help groups options under their headings, in the order in which these first appear."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section of the help for each heading."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record and isinstance(param, click.Option):
                sections.setdefault(getattr(param, "heading", COMMON), []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records, col_max=34)


def derived_flags(*, only: Collection[str] = (), without: Collection[str] = ()) -> Callable[[Command], Command]:
    """Decorator that adds a flag for each option of the configs to a command; a flag that is not given is None.

    Args:
        only: names of options; empty for all.
        without: names of options that are left out.

    Returns:
        The decorator.
    """

    def decorate(command: Command) -> Command:
        flags = {
            name: _flag(name, *entry)
            for name, *entry in _all_options()
            if name in (only or {name}) and name not in without
        }
        names = sorted(flags, key=lambda name: COMMON_NAMES.index(name) if name in COMMON_NAMES else len(COMMON_NAMES))
        for name in reversed(names):
            command = flags[name](command)
        return command

    return decorate


def given_options(config: type, flags: Mapping[str, Any]) -> dict[str, Any]:
    """The flags that are options of a config and were given.

    Args:
        config: a config class.
        flags: values by name.

    Returns:
        Values by option.
    """
    return {name: flags[name] for name in options_of(config) if flags.get(name) is not None}


def given_values(text: str) -> tuple[str, list[Any]]:
    """Parse values of an option.

    Args:
        text: ``style_weight=1,8``; for an option with several values ``style_blend=1:2,2:1``.

    Returns:
        The name of the option, and its values.

    Raises:
        ConfigError: the option is unknown, or there is no value.
    """
    name, _, values = text.partition("=")
    (name,) = by_present_name(StylizeConfig, {name.strip().replace("-", "_"): None})
    options = options_of(StylizeConfig)
    if name not in options:
        raise ConfigError(f"unknown option {name!r}", nearest_name(name, options))
    scalar, many, _ = shape_of(options[name][0])
    parse = _switch if scalar is bool else _parser(scalar, many)
    parsed = [
        parse(part.strip().replace(":", ",") if many else part.strip()) for part in values.split(",") if part.strip()
    ]
    if not parsed:
        raise ConfigError(f"there are no values in {text!r}", f"give them as in {name}=A,B")
    return name, parsed


def _switch(text: str) -> Any:
    return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)


def _all_options() -> Iterator[tuple[str, Any, Any, Any, Option]]:
    for config in (OutputConfig, StylizeConfig):
        resolved = StylizeConfig().resolve() if config is StylizeConfig else config()
        for name, (kind, default, option) in options_of(config).items():
            yield name, kind, default, getattr(resolved, name), option


def _flag(name: str, kind: Any, default: Any, resolved: Any, option: Option) -> Callable[[Command], Command]:
    kebab = name.replace("_", "-")
    heading = COMMON if name in COMMON_NAMES else HEADINGS.get(option.group, f"Advanced: {option.group}")
    common: dict[str, Any] = {
        "cls": Flag,
        "heading": heading,
        "default": None,
        "help": _help(default, resolved, option),
    }
    scalar, many, _ = shape_of(kind)
    if scalar is bool:
        return click.option(f"--{kebab}/--no-{kebab}", name, **common)
    word = option.unit.upper() or METAVARS[scalar]
    metavar = f"{word},..." if many else word
    names = [f"--{kebab}", *([f"--{option.former}"] if option.former else []), name]
    return click.option(*names, type=_parser(scalar, many), metavar=metavar, **common)


def _help(default: Any, resolved: Any, option: Option) -> str:
    """The help of an option, with its choices or range and its default. A star marks defaults that depend on the
    objective or the backbone."""
    facts = ["|".join(option.choices)] if option.choices else []
    if option.low is not None:
        endless = option.high is None or option.high > MOST_SHOWN
        facts.append(f"{_show(option.low)} or more" if endless else f"{_show(option.low)} to {_show(option.high)}")
    if resolved is not None and resolved != ():
        facts.append(f"default {_show(resolved)}{'*' if default is None else ''}")
    return f"{option.help}  [{'; '.join(facts)}]" if facts else option.help


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        items = [str(item) for item in value]
        return ",".join(items) if len(items) <= 6 else f"{items[0]},...,{items[-1]}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _parser(scalar: type, many: bool) -> Callable[[str], Any]:
    """A function that parses values. A text that is not a number is returned as it is: the config then refuses it."""

    def parse(text: str) -> Any:
        try:
            return scalar(text)
        except ValueError:
            return _whole(text) if scalar is int else text

    return (lambda text: tuple(parse(part.strip()) for part in text.split(","))) if many else parse


def _whole(text: str) -> Any:
    """Parse whole numbers such as ``1e3``."""
    try:
        number = float(text)
        return int(number) if number.is_integer() else text
    except ValueError:
        return text
