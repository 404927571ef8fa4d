"""``impasto resume``: killed or stopped at any moment, a run ends in the same pixels; what differs is told in one
line."""

from __future__ import annotations

import itertools
import json
import math
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from PIL import Image
from tiny import TINY, paint_picture

from impasto import files
from impasto.cli.output import Pauses
from impasto.cli.progress import PlainReport
from impasto.cli.streams import Lenient
from impasto.errors import OutputError
from impasto.images.files.io import read_record
from impasto.runs import checkpoint
from impasto.runs.checkpoint import checkpoint_of, read_checkpoint, write_checkpoint

pytestmark = pytest.mark.bits

LONGER = (*TINY, "--iterations", "8", "--objective", "gram")


AT_ONCE = Pauses(again=0.0)


def by_looks(rest: float = 0.0) -> Pauses:
    """A look at the clock is a second; with no rest there is a checkpoint after every one, however long it takes to
    write."""
    return Pauses(rest=rest, clock=itertools.count().__next__)


@pytest.fixture
def signals(monkeypatch):
    """Signals that come at an iteration."""
    show = PlainReport.show

    def at(step: int, *numbers: signal.Signals) -> None:
        def signalled(self: PlainReport, progress) -> None:
            show(self, progress)
            if progress.step == step:
                for number in numbers:
                    signal.raise_signal(number)

        monkeypatch.setattr(PlainReport, "show", signalled)

    return at


def pixels(path: Path) -> str:
    return json.loads(read_record(path))["pixels_sha256"]


def test_killed_anywhere_it_ends_in_the_same_pixels(photo, painting, out, tmp_path):
    """Real processes; the checkpoints are as frequent as the iterations, so that some are being written."""
    whole, file = tmp_path / "whole.png", checkpoint_of(out)
    code = "import itertools, sys; from impasto.cli.main import main; from impasto.cli.output import Pauses; "
    program = [sys.executable, "-c", code + "sys.exit(main(pauses=Pauses(rest=0, clock=itertools.count().__next__)))"]
    options = [*TINY, "--iterations", "150", "--objective", "gram", "--checkpoint", "1", "--quiet"]
    subprocess.run([*program, "stylize", photo, painting, "-o", whole, *options], check=True)
    kills, waits = 0, random.Random(1)
    while (
        file.exists() or not out.exists()
    ):  # a kill may come when the picture is there and its checkpoint not yet gone
        begin = ["resume", file] if file.exists() else ["stylize", photo, painting, "-o", out, *options]
        with subprocess.Popen([*program, *map(str, begin)]) as process:
            then = file.stat().st_mtime_ns if file.exists() else 0
            while kills < 2 and process.poll() is None and not (file.exists() and file.stat().st_mtime_ns > then):
                time.sleep(0.01)
            if kills < 2:
                time.sleep(waits.uniform(0, 0.3))
                process.kill()
                kills += 1
    assert pixels(out) == pixels(whole)
    assert [path.name for path in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_picture_and_checkpoint_and_says_how_to_go_on(
    impasto, signals, photo, painting, out, number, code
):
    assert impasto("stylize", photo, painting, "-o", out, *LONGER).code == 0
    whole, file = pixels(out), checkpoint_of(out)
    assert not file.exists()
    signals(3, number)
    said = impasto("stylize", photo, painting, "-o", out, *LONGER)
    assert said.code == code
    first, second = said.out.splitlines()
    assert first.endswith("stopped at iteration 3 of 8, scale 1 of 1")
    assert second == f"impasto resume {file} goes on with it"
    assert pixels(out) != whole
    said = impasto("resume", file)
    assert (said.code, pixels(out)) == (0, whole)
    assert "finished" in said.out
    assert not file.exists()


def test_a_second_signal_leaves_the_last_checkpoint(impasto, signals, photo, painting, out):
    signals(5, signal.SIGTERM, signal.SIGTERM)
    said = impasto("stylize", photo, painting, "-o", out, *LONGER, "--checkpoint", "1", pauses=by_looks())
    assert (said.code, said.out) == (143, "")
    assert list(out.parent.iterdir()) == [checkpoint_of(out)]
    assert read_checkpoint(checkpoint_of(out)).state["step"] == 4


def test_checkpoints_come_as_often_as_asked_for(impasto, monkeypatch, photo, painting, out):
    written = []
    monkeypatch.setattr(
        "impasto.runs.run.write_checkpoint", lambda path, since: written.append((Path(path), since.state["step"]))
    )
    impasto("stylize", photo, painting, "-o", out, *LONGER, "--checkpoint", "4", pauses=by_looks())
    assert [step for _, step in written] == [4, 8]
    other = out.with_name("other")
    flags = ("--checkpoint", "1", "--checkpoint-file", other)
    impasto("stylize", photo, painting, "-o", out, *LONGER, *flags, pauses=by_looks(rest=5.0))
    assert written[2:] == [(other, 1), (other, 6)]
    impasto("stylize", photo, painting, "-o", out, *LONGER, "--checkpoint", "0")
    assert len(written) == 4


@pytest.fixture
def stopped(impasto, signals, monkeypatch, photo, painting, out):
    """A checkpoint after three iterations."""
    with monkeypatch.context():
        signals(3, signal.SIGINT)
        impasto("stylize", photo, painting, "-o", out, *LONGER, "--bits", "16", "--save-every", "2")
    signals(-1)
    return checkpoint_of(out)


def test_changed_pictures_are_refused(impasto, stopped, photo):
    paint_picture(photo, seed=9)
    assert impasto("resume", stopped).refused() == (
        "impasto: error: this run cannot go on, for these are not what they were: content picture; "
        "give the same again, or begin anew"
    )
    assert stopped.exists()


def test_missing_pictures_are_asked_for_and_may_be_given(impasto, stopped, photo, painting, out):
    moved = photo.rename(photo.with_name("moved.png"))
    assert "the recorded content picture" in impasto("resume", stopped).refused()
    elsewhere = out.with_name("elsewhere.png")
    assert impasto("resume", stopped, moved, painting, "-o", elsewhere).code == 0
    assert elsewhere.exists()
    assert not stopped.exists()


def test_the_picture_is_written_as_it_was_to_be(impasto, stopped, out):
    out.unlink()
    said = impasto("resume", stopped, "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")
    with Image.open(out) as image:
        image.load()
    assert out.read_bytes()[24] == 16  # the bit depth of a PNG


def test_what_is_no_checkpoint_is_refused(impasto, photo, tmp_path):
    assert "is damaged or no checkpoint" in impasto("resume", photo).refused()
    assert "there is no checkpoint" in impasto("resume", tmp_path / "x").refused()


def test_a_checkpoint_without_a_picture_asks_for_one(impasto, stopped, out):
    since = read_checkpoint(stopped)
    write_checkpoint(stopped, type(since)(since.record, since.state))
    assert "does not say what picture to write; give one with -o" in impasto("resume", stopped).refused()
    assert impasto("resume", stopped, "-o", out).code == 0


def test_another_machine_is_warned_of(impasto, stopped):
    since = read_checkpoint(stopped)
    since.record["machine"]["threads"] = 64
    write_checkpoint(stopped, since)
    said = impasto("resume", stopped)
    assert said.code == 0
    assert "impasto: warning: not as when it began: threads 64 then, 1 now\n" in said.err


def test_beginning_anew_warns_of_the_run_that_is_replaced(impasto, stopped, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *LONGER)
    assert f"impasto: warning: {stopped} is of an unfinished run, which this one replaces" in said.err
    assert not stopped.exists()


def test_a_checkpoint_replaces_nothing_else(impasto, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *LONGER, "--checkpoint-file", painting)
    assert "is there already, and no checkpoint" in said.refused()
    assert "of their own" in impasto("stylize", photo, painting, "-o", out, *LONGER, "--checkpoint-file", out).refused()


def test_a_batch_goes_on_with_the_picture_it_was_stopped_at(impasto, signals, photo, painting, out):
    args = ("batch", photo, "--style", painting, "-o", out.parent / "{content}.png", *LONGER)
    assert impasto(*args).code == 0
    (done,) = out.parent.iterdir()
    whole = pixels(done)
    done.unlink()
    signals(3, signal.SIGTERM)
    assert impasto(*args).code == 143
    assert list(out.parent.iterdir()) == [checkpoint_of(done)]
    signals(-1)
    said = impasto(*args)
    assert said.code == 0
    assert "iteration 4/8" in said.err
    assert "iteration 3/8" not in said.err
    assert pixels(done) == whole
    assert list(out.parent.iterdir()) == [done]


def test_a_batch_does_not_mind_checkpoints_of_other_runs(impasto, stopped, photo, painting, out):
    out.unlink()
    said = impasto("batch", photo, "--style", painting, "-o", out.parent / "out.png", *LONGER, "--seed", "4")
    assert said.code == 0
    assert json.loads(read_record(out))["config"]["seed"] == 4
    assert list(out.parent.iterdir()) == [out]


# Where nothing can be written


@pytest.fixture
def full(monkeypatch):
    """A disk that is full for everything but the system's folder for temporary files, until so many attempts were
    made."""
    real, tries, here = files.replacing, [], Path(tempfile.gettempdir())

    def disk(until: float) -> list[Path]:
        def replacing(path):
            tries.append(Path(path))
            if len(tries) > until or Path(path).parent.name.startswith("impasto-"):
                return real(path)
            raise OutputError(f"cannot write {str(path)!r}: No space left on device", "free some space", passing=True)

        for room in (files, checkpoint):
            monkeypatch.setattr(room, "replacing", replacing)
        return tries

    yield disk
    for folder in here.glob("impasto-*"):
        shutil.rmtree(folder)


@pytest.fixture
def watched(monkeypatch):
    """Somebody sits before the terminal, which cannot draw a line anew."""
    monkeypatch.setattr(Lenient, "isatty", lambda _: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")


def test_a_finished_picture_waits_for_the_disk(impasto, full, watched, photo, painting, out):
    tries = full(until=3)
    said = impasto("stylize", photo, painting, "-o", out, *LONGER, pauses=AT_ONCE)
    assert said.code == 0
    assert tries == [out] * 4
    assert said.err.count("No space left on device; free some space; the picture is finished and waits for it") == 1
    assert out.exists()


def kept_in(said) -> Path:
    """The folder that an error says the picture is in."""
    line = said.refused(1)
    assert "No space left on device; the picture is '" in line
    return Path(re.search(r"the picture is '(.*)' instead; free some space$", line)[1]).parent


def test_where_nobody_looks_picture_and_checkpoint_go_elsewhere_at_once(impasto, full, photo, painting, out):
    full(until=math.inf)
    folder = kept_in(impasto("stylize", photo, painting, "-o", out, *LONGER, "--quiet"))
    assert sorted(path.name for path in folder.iterdir()) == ["out.png", "out.png.checkpoint"]
    assert read_checkpoint(folder / "out.png.checkpoint").state["step"] == 8
    assert list(out.parent.iterdir()) == []
    assert json.loads(read_record(folder / "out.png"))["reason"] == "finished"


def test_a_run_that_was_stopped_does_not_wait(impasto, full, signals, photo, painting, out):
    tries = full(until=math.inf)
    signals(2, signal.SIGTERM)
    said = impasto("stylize", photo, painting, "-o", out, *LONGER)
    assert (said.code, tries[:1], len(tries)) == (143, [out], 3)
    assert "the picture is" in said.err


def test_a_signal_ends_the_waiting(impasto, full, watched, photo, painting, out):
    full(until=math.inf)
    pauses = Pauses(again=600.0, sleep=lambda _: signal.raise_signal(signal.SIGINT))
    said = impasto("stylize", photo, painting, "-o", out, *LONGER, pauses=pauses)
    assert said.code == 130
    assert "the picture is" in said.err


def test_where_nothing_can_be_written_at_all_that_is_said(impasto, full, monkeypatch, photo, painting, out):
    full(until=math.inf)
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **_: (_ for _ in ()).throw(OSError("full")))
    said = impasto("stylize", photo, painting, "-o", out, *LONGER, "--quiet")
    assert said.refused(1) == f"impasto: error: cannot write {str(out)!r}: No space left on device; free some space"


def test_what_cannot_be_written_on_the_way_is_told_once_and_tried_again(impasto, full, photo, painting, out):
    tries, file = full(until=6), checkpoint_of(out)
    said = impasto("stylize", photo, painting, "-o", out, *LONGER, "--checkpoint", "1", pauses=by_looks())
    assert said.code == 0
    assert said.err.count("painting goes on") == 1
    assert tries.count(file) == 8
    assert out.exists()


def test_a_folder_that_vanishes_loses_nothing(impasto, watched, monkeypatch, signals, photo, painting, out):
    show = PlainReport.show
    monkeypatch.setattr(
        PlainReport,
        "show",
        lambda self, progress: (show(self, progress), shutil.rmtree(out.parent)) if progress.step == 2 else None,
    )
    monkeypatch.setattr(
        PlainReport, "say", lambda self, line: out.parent.mkdir() if "make the folder" in line else None
    )
    assert impasto("stylize", photo, painting, "-o", out, *LONGER, pauses=AT_ONCE).code == 0
    assert out.exists()


def test_a_picture_of_a_batch_waits_for_the_disk_too(impasto, full, watched, photo, painting, out):
    full(until=2)
    said = impasto("batch", photo, "--style", painting, "-o", out.parent, *LONGER, pauses=AT_ONCE)
    assert said.code == 0
    assert "waits for it" in said.err
    assert "1 painted" in said.out
