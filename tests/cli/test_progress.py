"""What is seen while a run paints, and the arithmetic of speed and time left."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from impasto.cli.progress import LiveReport, Pace, PlainReport, SilentReport, open_report
from impasto.engine.progress import Progress

PLAN = [(100, 10), (400, 5)]


def progress(scale: int = 1, iteration: int = 1, seconds: float = 0.0, **rest) -> Progress:
    side, iterations = (10, 10) if scale == 1 else (20, 5)
    values = {
        **{
            "scale": scale,
            "scales": 2,
            "height": side,
            "width": side,
            "iteration": iteration,
            "iterations": iterations,
        },
        **{
            "step": iteration,
            "steps": 15,
            "evaluations": iteration,
            "loss": 0.5,
            "terms": {"content": 0.2, "style": 0.3},
        },
        **{"seconds": seconds, "peak_memory": 0, "preview": lambda: None, "note": ""},
    }
    return Progress(**{**values, **rest})


def test_pace_knows_nothing_before_two_iterations():
    assert Pace(PLAN).update(progress()) is None


def test_pace_counts_finer_scales_by_their_pixels():
    pace = Pace(PLAN)
    pace.update(progress(iteration=1, seconds=1.0))
    speed, left = pace.update(progress(iteration=3, seconds=2.0))
    assert speed == pytest.approx(2.0)
    assert left == pytest.approx((7 + 5 * 4) * 0.5)  # 7 more here, then 5 of four times the pixels


def test_pace_starts_anew_at_each_scale():
    pace = Pace(PLAN)
    pace.update(progress(iteration=9, seconds=1.0))
    pace.update(progress(iteration=10, seconds=1.1))
    assert pace.update(progress(scale=2, iteration=1, seconds=2.0)) is None
    assert pace.update(progress(scale=2, iteration=2, seconds=4.0)) == pytest.approx((0.5, 6.0))


def test_pace_forgets_what_is_long_past():
    pace = Pace([(100, 100)])
    pace.update(progress(iteration=1, seconds=100.0))
    for iteration in range(2, 40):
        latest = pace.update(progress(iteration=iteration, iterations=40, seconds=200.0 + iteration))
    assert latest == pytest.approx((1.0, 1.0))


def test_plain_lines_come_at_each_scale_and_every_few_seconds(capsys):
    with PlainReport(PLAN) as report:
        for iteration in range(1, 11):
            report.show(progress(iteration=iteration, seconds=iteration * 0.7))
        report.show(progress(scale=2, iteration=1, seconds=7.1))
    out, err = capsys.readouterr()
    assert out == ""
    first, later, finer = err.splitlines()
    assert first == "scale 1/2  10x10  iteration 1/10  loss 0.5 (content 0.2 style 0.3)"
    assert later == "scale 1/2  10x10  iteration 9/10  loss 0.5 (content 0.2 style 0.3)  1.4 it/s  0:15 left"
    assert finer.startswith("scale 2/2  20x20  iteration 1/5")


def test_plain_lines_tell_notes_at_once(capsys):
    with PlainReport(PLAN) as report:
        report.show(progress(iteration=1))
        report.show(progress(iteration=2, seconds=0.1, note="the loss became nan: back to the best canvas"))
    assert capsys.readouterr().err.splitlines()[1:] == ["the loss became nan: back to the best canvas"]


def test_terms_without_weight_and_a_single_term_are_left_out(capsys):
    PlainReport(PLAN).show(progress(terms={"content": 0.0, "style": 0.5}))
    assert capsys.readouterr().err.strip().endswith("loss 0.5")


def test_hours_are_told(capsys):
    report = PlainReport(PLAN)
    report.show(progress(scale=2, iteration=1, seconds=0.0))
    report.show(progress(scale=2, iteration=2, seconds=3600.0))
    assert "3:00:00 left" in capsys.readouterr().err


def test_the_live_line_holds_everything(capsys):
    with LiveReport(PLAN) as report:
        report.show(progress(iteration=2, seconds=1.0))
        report.show(progress(iteration=4, seconds=2.0, note="[half] the step size"))
        console = Console(file=io.StringIO(), width=120)
        console.print(report._bar.get_renderable())
        report.stopping()
        console.print(report._bar.get_renderable())
    shown, stopping = console.file.getvalue().splitlines()
    assert shown.startswith("scale 1/2  10x10 ")
    assert "4/10  2.0 it/s  0:13 left  loss 0.5 (content 0.2 style 0.3)" in shown
    assert "Ctrl-C again aborts at once" in stopping
    out, err = capsys.readouterr()
    assert out == ""
    assert "[half] the step size" in err


def test_the_quiet_report_says_nothing(capsys):
    with SilentReport(PLAN) as report:
        report.show(progress(note="loud"))
        report.say("loud")
        report.stopping()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("quiet", "terminal", "kind"), [(True, True, SilentReport), (False, True, LiveReport), (False, False, PlainReport)]
)
def test_the_report_fits_where_it_goes(monkeypatch, quiet, terminal, kind):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    assert type(open_report(quiet, PLAN)) is kind
