"""The arithmetic of the benchmarks of threads and of the start."""

from __future__ import annotations

import startup
import threads


def test_ratios_are_those_of_one_turn():
    """Whatever else the machine did then counts on both sides."""
    turns = [{"auto": 1.0, "all": 2.0}, {"auto": 10.0, "all": 40.0}, {"auto": 3.0, "all": 9.0}]
    assert threads.medians(turns, ["all / auto"]) == {"auto": 3.0, "all": 9.0, "all / auto": 3.0}


def test_the_medians_of_both_clocks():
    assert startup.medians([(1.0, 0.3), (5.0, 0.1), (2.0, 0.2)]) == {"wall_s": 2.0, "processor_s": 0.2}


def test_a_process_is_ended_at_its_mark(tmp_path):
    code = "import sys, time; print('mark', file=sys.stderr); time.sleep(600)"
    assert len(startup.until("mark", ["-c", code], tmp_path)) == 2
