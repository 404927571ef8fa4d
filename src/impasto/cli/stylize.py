"""``impasto stylize``: from flags to a finished picture; and how any command paints one picture."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import OutputConfig, StylizeConfig
from ..errors import ConfigError
from ..files import exists
from ..runs.claims import claim
from .estimate import forecast_line
from .inputs import check_new, left_out_of, no_clobber_flag
from .interrupt import Interrupt
from .masks import GivenMasks, mask_flags, recorded_masks
from .options import Flag, GroupedCommand, derived_flags, given_options
from .output import Keeper, Pauses
from .preset import PRESET_HELP, departures, preset_config
from .progress import open_report, waiting
from .records import Given, are_recorded, changed_inputs, compare_pixels, picture_flags, record_in, recorded_pictures
from .weights import fetch_missing

if TYPE_CHECKING:
    from ..api import Result, Run
    from ..runs.record import RunRecord

__all__ = ["DIVERGED", "Request", "carry_out", "diverged", "paint", "stylize", "summary"]

DIVERGED = "diverged"


@dataclass(frozen=True)
class Request:
    """One picture to be painted.

    Attributes:
        content: path; None for a texture.
        styles: paths.
        config: all options.
        preset: name of the preset that the config was made from, or None.
        record: of the run that is repeated, or None.
        changed: whether pictures or options differ from this record.
        masks: that were given.
    """

    content: str | None
    styles: tuple[str, ...]
    config: StylizeConfig
    preset: str | None
    record: RunRecord | None = None
    changed: bool = False
    masks: GivenMasks = field(default_factory=GivenMasks)

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of all inputs, except for the initial canvas."""
        recorded = recorded_masks(self.record) if self.record and not self.masks.files else ()
        content = () if self.content is None else (self.content,)
        return (*content, *self.styles, *self.masks.files, *recorded)

    @property
    def painted_in(self) -> Sequence[Any]:
        """The styles; or the regions, if there are masks."""
        if self.masks.files:
            return self.masks.regions(self.styles)
        from ..regions.region import recorded_regions

        entries = self.record.get("regions") if self.record else None
        return recorded_regions(entries, self.styles) if entries else self.styles


@click.command(cls=GroupedCommand, options_metavar="[OPTIONS] -o OUT")
@click.argument("pictures", nargs=-1, metavar="CONTENT STYLE...")
@click.option(
    "-o", "--output", cls=Flag, metavar="OUT", required=True, help="picture to write; its suffix decides the format"
)
@click.option("--preset", cls=Flag, metavar="NAME", help=PRESET_HELP)
@click.option(
    "--from", "source", cls=Flag, metavar="PICTURE", help="repeat the run that this picture (or its record) tells of"
)
@picture_flags
@no_clobber_flag
@mask_flags()
@derived_flags()
def stylize(pictures: tuple[str, ...], output: str, preset: str | None, source: str | None, **flags: Any) -> int:
    """Paint CONTENT in the style of one or more STYLE pictures.

    \b
    impasto stylize photo.jpg painting.jpg -o out.png
    impasto stylize photo.jpg a.jpg b.jpg --style-blend 2,1 -o out.png
    impasto stylize photo.jpg painting.jpg --preset gatys2016 -o out.png
    impasto stylize photo.jpg a.jpg b.jpg --mask sky.png --mask ground.png -o out.png
    impasto stylize --from out.png --size 1024 -o large.png

    Flags go on top of the preset or the repeated run, and these on top of the defaults. A star marks a default of the
    default objective and backbone; other ones bring their own. Ctrl-C ends the run and keeps the picture painted so
    far, with a checkpoint that impasto resume goes on from.
    """
    settings = OutputConfig(**given_options(OutputConfig, flags))
    given = Given(pictures, flags["content_flag"], flags["style_flags"])
    changes, masks = given_options(StylizeConfig, flags), GivenMasks.of(flags)
    with waiting(settings.quiet):
        job = _repeat(source, preset, given, changes, masks) if source else _begin(preset, given, changes, masks)
    return carry_out(job, output, settings, source, no_clobber=flags["no_clobber"])


def carry_out(
    job: Request, output: str, settings: OutputConfig, source: str | None = None, *, no_clobber: bool = False
) -> int:
    """Check, paint and save one picture, and print a summary.

    Args:
        job: what is painted.
        output: path of the picture.
        settings: how it is written, and what else.
        source: the file with the record of the run that is repeated, or None.
        no_clobber: refuse to replace an existing file.

    Returns:
        The exit code, see `paint`.

    Raises:
        ImpastoError: anything that is found before or while the picture is painted.
    """
    with waiting(settings.quiet):
        from ..runs.outputs import OutputFiles, check_outputs, files_read

        if no_clobber:
            check_new(output, settings.record)
        files = OutputFiles.of(output, settings)
        check_outputs([files], files_read([*job.files, source], job.config), bits=settings.bits)
    exact = job.record is not None  # a repeated run needs the same weights
    fetch_missing(job.config, job.preset, quiet=settings.quiet, exact=exact)
    with waiting(settings.quiet):
        from ..api import Begin, Stylizer
        from ..images.files.io import check_size
        from ..runs.steer import recorded_steers

        warnings = [*_warnings(job), *_replaced(files.checkpoint), *left_out_of(job.styles)]
        steers = recorded_steers((job.record or {}).get("events") or ())
        stylizer = Stylizer(config=job.config, preset=job.preset, exact=exact)
        run = stylizer.iterate(job.content, job.painted_in, Begin(steers=steers))
        check_size(output, run.size)
    if not settings.quiet:
        for line in warnings:
            click.echo(f"impasto: warning: {line}", err=True)
    with claim(output, files.checkpoint or output):
        result, code = paint(run, output, settings)
    if not settings.quiet:
        click.echo(summary(output, result, files.checkpoint))
        if job.record and not (job.changed or code):
            click.echo(compare_pixels(job.record, result.record, str(source)))
    return code


def _begin(preset: str | None, given: Given, changes: Mapping[str, Any], masks: GivenMasks) -> Request:
    """A new run: flags over the preset over the defaults."""
    content, styles = given.of()
    missing = [] if content else ["CONTENT"]
    missing += [] if styles else ["STYLE"]
    if missing:
        several = "pictures" if len(missing) > 1 else "picture"
        line = f"give the {' and '.join(missing)} {several}, as in: impasto stylize photo.jpg painting.jpg -o out.png"
        raise click.UsageError(line)
    return Request(content, styles, preset_config(preset, changes), preset, masks=masks)


def _repeat(source: str, preset: str | None, given: Given, changes: Mapping[str, Any], masks: GivenMasks) -> Request:
    """A recorded run, with given pictures instead of the recorded ones, and flags on top."""
    if preset:
        raise ConfigError("--preset and --from were both given", "a run starts from one of them")
    from ..runs.record import config_of

    record = record_in(source)
    if record.get("regions") and (given.arguments[1:] or given.styles) and not masks.files:
        raise ConfigError(
            f"the run of {source!r} has masks, and other styles are given", "give masks for them, with --mask"
        )
    content, styles = recorded_pictures(record, given)
    entries = [entry for entry in (record["content"], *record["styles"]) if entry]
    others = [path for path in (content, *styles) if path is not None] if any(given) else []
    changed = bool(changes or masks.files or (others and not are_recorded(others, entries)))
    kept = None if changes else record.get("preset")
    config = config_of(record)
    # The tile size and the threads depend on size and machine; they are kept only if the run is repeated exactly.
    config = config.overlay({"tile_size": 0, "threads": (), **changes}) if changes else config
    return Request(content, styles, config, kept, record, changed, masks)


def _warnings(job: Request) -> list[str]:
    """Warnings: of a network other than that of the preset, or of changed pictures of the repeated run."""
    if job.record is None:
        return departures(job.preset, job.config)
    entries = (job.record["content"], *job.record["styles"], job.record.get("start"))
    recorded = {**{entry["name"]: entry for entry in entries if entry}, **recorded_masks(job.record)}
    used = [path for path in (*job.files, job.config.init) if path in recorded]
    return [f"{path} is not the picture that was recorded: its bytes differ" for path in changed_inputs(used, recorded)]


def _replaced(checkpoint: Path | None) -> list[str]:
    """A warning if this run will replace the checkpoint of an unfinished one."""
    if not (checkpoint and exists(checkpoint)):
        return []
    resume = f"impasto resume {shlex.quote(str(checkpoint))}"
    return [f"{checkpoint} is of an unfinished run, which this one replaces; {resume} goes on with it"]


def paint(run: Run, output: str, settings: OutputConfig, checkpoint: str | None = None) -> tuple[Result, int]:
    """Iterate over a run with a progress report, and save its result and checkpoints.

    Args:
        run: not started yet.
        output: path of the picture.
        settings: how and how often files are written.
        checkpoint: path of the checkpoint; None takes that of the settings.

    Returns:
        The result, and the exit code: that of the signal that stopped the run, 1 if it diverged, otherwise 0.

    Raises:
        OutputError: see `Keeper.finish`.
    """
    report = open_report(settings.quiet, [(scale.size[0] * scale.size[1], scale.iterations) for scale in run.scales])

    def stop() -> None:
        run.stop()
        report.stopping()

    if not settings.quiet:
        report.say(forecast_line(run.forecast()))
    with report, Interrupt(stop) as interrupt:
        pauses = click.get_current_context().ensure_object(Pauses)
        keeper = Keeper(run, output, settings, report.say, checkpoint, pauses)
        with interrupt.bounded():
            for progress in run:
                report.show(progress)
                keeper.after(progress)
        result = keeper.finish(interrupt)
    if result.reason == DIVERGED:
        click.echo(f"impasto: error: {diverged(output, result)}", err=True)
    return result, interrupt.code or int(result.reason == DIVERGED)


def diverged(output: str, result: Result) -> str:
    """The error message on a run that diverged."""
    return f"{output} is no finished picture, but the best canvas of a run that diverged: {result.message}"


def summary(output: str, result: Result, checkpoint: str | Path | None = None) -> str:
    """The summary of a run: ``out.png: 512 x 384 px, 43.2 s, loss 0.234, finished``.

    Args:
        output: path of the picture.
        result: of the run.
        checkpoint: its path; if the run was stopped, the command that continues it follows.

    Returns:
        One or two lines.
    """
    record = result.record
    ended = "finished" if result.reason == "finished" else result.message
    width, height = record["size"][1], record["size"][0]
    goes_on = (
        f"\nimpasto resume {shlex.quote(str(checkpoint))} goes on with it"
        if checkpoint and result.reason == "stopped"
        else ""
    )
    loss = f"loss {record['losses']['total']:.4g}, " if "total" in record["losses"] else ""
    return f"{output}: {width} x {height} px, {record['seconds']:.1f} s, {loss}{ended}{goes_on}"
