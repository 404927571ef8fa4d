"""The command ``impasto``: its parts, and the border where every failure becomes one line and an exit code.

Exit codes: 0 done; 1 a run without a usable picture, a picture that had to be written elsewhere, an answer that could
    not be
written, or a fault of Impasto itself; 2 bad input, with what to do; 129, 130 and 143 stopped by SIGHUP, Ctrl-C and
SIGTERM.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Container, MutableMapping, Sequence

import click

from .. import __version__
from ..errors import ImpastoError, is_out_of_memory
from ..files import exists
from .batch import batch
from .compare import compare
from .demo import demo
from .estimate import estimate
from .output import Pauses
from .resume import resume
from .show import inspect, presets
from .streams import lenient_streams
from .style import style
from .stylize import stylize
from .texture import texture
from .weights import weights

__all__ = ["main", "wait_passively"]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, invoke_without_command=True
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def impasto(context: click.Context) -> None:
    """Paint one picture in the style of another.

    \b
    impasto demo -o out
    impasto stylize photo.jpg painting.jpg -o out.png
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (stylize, resume, texture, batch, compare, estimate, style, demo, presets, inspect, weights):
    impasto.add_command(command)


def main(argv: Sequence[str] | None = None, pauses: Pauses | None = None) -> int:
    """Run the command line on ``argv`` (by default the process's own) and return the exit code; no exception escapes.

    ``pauses`` are what commands that write pictures keep to.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    wait_passively(os.environ, sys.modules)
    logging.getLogger().addHandler(_SILENCE)
    with lenient_streams() as (out, err):
        code = _run(args, pauses)
        out.flush()
        in_files = _PAINTING.intersection(args[:1]) and not _HELP.intersection(args)
        if out.lost and not code and not in_files:
            if not isinstance(out.lost, BrokenPipeError):
                click.echo(f"impasto: error: cannot write to standard output: {_reason(out.lost)}", err=True)
            code = 1
        err.flush()
    return code


def wait_passively(environment: MutableMapping[str, str], loaded: Container[str]) -> None:
    """Let PyTorch's threads sleep while they wait for each other, which OpenMP reads when PyTorch is loaded.

    By default they spin, and where another program has the processor, a thread waits for one that cannot run: what
    takes seconds then takes minutes (benchmarks/threads.py). What the user has set stays.

    Args:
        environment: of the process, changed in place.
        loaded: names of the modules that are.
    """
    if "torch" not in loaded and not any(name in environment for name in _WAITING):
        environment["OMP_WAIT_POLICY"] = "PASSIVE"


_WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY")
_SILENCE = logging.NullHandler()  # else the warnings of libraries, about odd tags of files, are printed among our lines
_PAINTING = {"stylize", "resume", "texture", "batch", "compare", "demo"}  # what they are asked for is in files
_HELP = {"-h", "--help"}


def _run(args: list[str], pauses: Pauses | None) -> int:
    try:
        return int(impasto.main(args, prog_name="impasto", standalone_mode=False, obj=pauses) or 0)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("impasto: interrupted", err=True)
        return 130
    except BaseException as error:
        if os.environ.get("IMPASTO_DEBUG"):
            traceback.print_exception(error)
        line, code = _describe(error, args)
        click.echo(f"impasto: error: {' '.join(line.split())}", err=True)
        return code


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _describe(error: BaseException, args: list[str]) -> tuple[str, int]:
    """What went wrong with ``args``, what to do, and the exit code."""
    if isinstance(error, ImpastoError):
        return str(error), error.exit_code
    if isinstance(error, click.ClickException):
        return _describe_usage(error, args), 2
    if is_out_of_memory(error):
        return "not enough memory; choose a smaller --size, or close other programs", 2
    failed = " ".join(["impasto", *args[:1], "failed unexpectedly"])
    report = "this is a fault of impasto: please report it, with what IMPASTO_DEBUG=1 shows"
    return f"{failed}, {type(error).__name__}: {error}; {report}", 1


def _describe_usage(error: click.ClickException, args: list[str]) -> str:
    """Click's message in the shape of ours: a small first letter, and what to do after a semicolon."""
    if isinstance(error, click.NoSuchOption) and (
        file := next((arg for arg in args if arg[:1] == "-" and exists(arg)), None)
    ):
        return f"no such option {error.option_name!r}; give the file {file!r} as './{file}'"
    near = getattr(error, "possibilities", None)
    message = error.message if near else error.format_message()
    line = message[:1].lower() + message[1:].rstrip(".")
    if near:
        return f"{line}; did you mean {near[0]}?"
    context = getattr(error, "ctx", None)
    return f"{line}; see '{context.command_path} --help'" if context else line
